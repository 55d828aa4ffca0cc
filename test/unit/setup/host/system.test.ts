import { describe, expect, test } from 'vitest';
import { distributionOf, system } from '../../../../src/setup/host/system.ts';

describe('the distribution', () => {
  test.each([
    [
      'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
      { id: 'debian', version: '12', title: 'Debian GNU/Linux 12 (bookworm)' },
    ],
    ["# a comment\nNAME='Arch Linux'\nID=arch\nBUILD_ID=rolling\n", { id: 'arch', version: '', title: 'arch' }],
    ['ID="rocky"\r\nVERSION_ID="9.4"\r\n', { id: 'rocky', version: '9.4', title: 'rocky 9.4' }],
    ['ID="rhel"\nID_LIKE=" fedora  centos"\nVERSION_ID="9"\n', { id: 'rhel', version: '9', title: 'rhel 9', like: ['fedora', 'centos'] }],
    ['', { id: 'unknown', version: '', title: 'unknown' }],
    ['\0\n=\nnonsense', { id: 'unknown', version: '', title: 'unknown' }],
  ])('is what os-release(5) says: %j', (text, wanted) => {
    expect(distributionOf(text)).toEqual(wanted);
  });
});

test('the machine that the tests run on has memory and a distribution', async () => {
  const { memoryMiB, distribution } = await system();
  expect(memoryMiB).toBeGreaterThan(100);
  expect(Number.isInteger(memoryMiB)).toBe(true);
  expect(distribution.title).not.toBe('');
});
