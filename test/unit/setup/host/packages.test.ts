import { expect, test } from 'vitest';
import { packagesOf } from '../../../../src/setup/host/packages.ts';

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
