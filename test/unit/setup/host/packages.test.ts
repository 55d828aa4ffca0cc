import { expect, test } from 'vitest';
import { packageManagerOf, packagesOf } from '../../../../src/setup/host/packages.ts';

test.each([
  ['apt', 'ID=debian\nVERSION_ID="12"\n'],
  ['apt', 'ID=ubuntu\nID_LIKE=debian\n'],
  ['apt', 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'],
  ['dnf', 'ID=fedora\n'],
  ['dnf', 'ID="rhel"\nID_LIKE="fedora"\n'],
  ['dnf', 'ID="centos"\nID_LIKE="rhel fedora"\n'],
  ['dnf', 'ID="rocky"\r\nID_LIKE="rhel centos fedora"\r\n'],
  ['dnf', 'ID=ours\nID_LIKE="unheard-of fedora debian"\n'],
  // What is refused later is looked at as it always was.
  ['apt', 'ID=arch\n'],
  ['apt', 'ID=constructor\n'],
  ['apt', ''],
])('%s is the package manager where os-release says %j', (manager, text) => {
  expect(packageManagerOf(text)).toBe(manager);
});

test.each([
  ['dpkg-query', 'ID=debian\n'],
  ['rpm', 'ID=fedora\n'],
])('%s is asked where os-release says %j', async (program, text) => {
  const asked: string[] = [];
  await packagesOf(text, async ({ argv }) => {
    asked.push(argv[0]);
    return { code: 1, stdout: '', stderr: '' };
  }).version('openssl');
  expect(asked).toEqual([program]);
});
