import { expect, test } from 'vitest';
import { familyOf } from '#kit';
import { distributionOf } from '../../../src/setup/host/system.ts';

test.each([
  ['debian', 'ID=debian\nVERSION_ID="12"\n'],
  ['debian', 'ID=ubuntu\nID_LIKE=debian\n'],
  ['debian', 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'],
  ['enterprise-linux', 'ID=fedora\n'],
  ['enterprise-linux', 'ID="rhel"\nID_LIKE="fedora"\n'],
  ['enterprise-linux', 'ID="centos"\nID_LIKE="rhel fedora"\n'],
  ['enterprise-linux', 'ID="rocky"\r\nID_LIKE="rhel centos fedora"\r\n'],
  ['enterprise-linux', 'ID=ours\nID_LIKE="unheard-of fedora debian"\n'],
  // What is refused later is looked at as it always was.
  ['debian', 'ID=arch\n'],
  ['debian', 'ID=constructor\n'],
  ['debian', ''],
])('the family is %s where os-release says %j', (family, text) => {
  expect(familyOf(distributionOf(text))).toBe(family);
});
