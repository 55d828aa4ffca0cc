import { chmodSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readImport } from '../../../../src/setup/cli/certificate-files.ts';
import { SetupError, type Problem } from '../../../../src/setup/kit/errors.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';
import { certificatesIn } from '../../../../src/setup/pki/chain.ts';
import { asPkcs8 } from '../../../../src/setup/pki/inspect.ts';
import { english } from '../../../support/fakes.ts';
import { type ForeignAuthority, foreignAuthority } from '../../../support/foreign-authority.ts';

let authority: ForeignAuthority;
beforeAll(() => {
  authority = foreignAuthority();
  authority.issue('web');
  writeFileSync(authority.path('password'), 'canary-word\r\nand more\n', { mode: 0o600 });
  writeFileSync(authority.path('ascii'), 'canary-word', { mode: 0o600 });
  authority.openssl('pkcs8', '-topk8', '-in', 'web.key', '-out', 'locked.key', '-passout', 'file:ascii');
  authority.openssl('pkcs12', '-export', '-in', 'web.pem', '-inkey', 'web.key', '-out', 'web.p12', '-passout', 'file:ascii');
  authority.openssl('pkcs12', '-export', '-in', 'web.pem', '-nokeys', '-out', 'keyless.p12', '-passout', 'file:ascii');
});
afterAll(() => authority.remove());

const at = (file: string): string => authority.path(file);
const named = ({
  certificate = 'web.pem',
  key,
  chain,
  password,
}: {
  certificate?: string;
  key?: string;
  chain?: string;
  password?: string;
}) =>
  readImport({
    certificate: at(certificate),
    key: key === undefined ? undefined : at(key),
    chain: chain === undefined ? undefined : at(chain),
    passwordFile: password === undefined ? undefined : at(password),
  });
const names = (pem: string): readonly string[] => certificatesIn(pem).map(({ subject }) => subject.replace('O=Foreign\nCN=', ''));

/** All that is wrong, with the remedies, in English. */
async function refusal(files: Parameters<typeof named>[0]): Promise<string> {
  const error: unknown = await named(files).catch((thrown: unknown) => thrown);
  if (!(error instanceof SetupError)) throw new Error('nothing was refused');
  expect(error.code).toBe('refused');
  const problems =
    error.problems.length > 0
      ? error.problems
      : [{ id: '', level: 'error', message: error.text, remedy: error.remedy ?? '' } satisfies Problem];
  return JSON.stringify(english(problems));
}

describe('the files of a certificate', () => {
  test('are read as PEM, with the certificate of the key first, whatever stands where', async () => {
    const key = asPkcs8(authority.read('web.key'));
    const found = await named({ key: 'web.key', chain: 'chain.pem' });
    expect([names(found.certificates), found.key]).toEqual([['web', 'Foreign Root', 'Foreign Middle'], key]);
    writeFileSync(at('mixed.pem'), `Bag Attributes\n${authority.read('chain.pem')}# ours\n${authority.read('web.pem')}`);
    expect(names((await named({ certificate: 'mixed.pem', key: 'web.key' })).certificates)[0]).toBe('web');
    expect((await named({ key: 'locked.key', password: 'password' })).key).toBe(key);
    expect(await named({ certificate: 'web.p12', chain: 'chain.pem', password: 'password' })).toEqual(found);
  });

  test('that cannot be used are told of together, without a word of what they hold', async () => {
    const all = await refusal({ certificate: 'web.key', key: 'locked.key', chain: 'none' });
    for (const what of ['no certificate in PEM', 'password does not open it', 'it is not there']) expect(all).toContain(what);
    expect(all).not.toContain(authority.read('web.key').split('\n')[1]);
    expect(await refusal({ certificate: 'web.p12' })).toContain('neither PEM nor PKCS#12 that this password opens');
    expect(await refusal({ certificate: 'keyless.p12', password: 'password' })).toContain('holds no private key');
    expect(await refusal({})).toContain('holds no private key');
    writeFileSync(at('junk'), 'junk', { mode: 0o600 });
    expect(await refusal({ key: 'junk' })).toContain('there is no private key in PEM in it');
    writeFileSync(at('broken.pem'), authority.read('web.pem').replace(/^MII.../m, 'MIIBBB'));
    expect(await refusal({ certificate: 'broken.pem', key: 'web.key' })).toContain('a certificate in it is damaged');
    expect(await refusal({ certificate: '.', key: 'web.key' })).toContain('it is no file');
  });

  test('that hold secrets may not be readable by every user', async () => {
    for (const [file, files] of [
      ['web.key', { key: 'web.key' }],
      ['web.p12', { certificate: 'web.p12', password: 'password' }],
      ['password', { key: 'locked.key', password: 'password' }],
    ] as const) {
      chmodSync(at(file), 0o644);
      const said = await refusal(files);
      expect(said).toContain('other users can read it');
      expect(said).toContain(`chmod 600 ${at(file)}`);
      chmodSync(at(file), 0o640);
      await named(files);
      chmodSync(at(file), 0o600);
    }
  });

  test('need no root that the system trusts', () => {
    const program = `
      import { readImport } from ${JSON.stringify(join(programDirectory, 'src/setup/cli/certificate-files.ts'))};
      const [certificate, key, chain] = process.argv.slice(1);
      process.stdout.write((await readImport({ certificate, key, chain })).certificates);`;
    const read = (trusted: string): string =>
      spawnSync(process.execPath, ['--input-type=module', '-e', program, at('web.pem'), at('web.key'), at('middle.pem')], {
        encoding: 'utf8',
        env: { ...process.env, SSL_CERT_FILE: at(trusted), SSL_CERT_DIR: '/nonexistent' },
      }).stdout;
    expect(names(read('root.pem'))).toEqual(['web', 'Foreign Middle', 'Foreign Root']);
    expect(names(read('web.pem'))).toEqual(['web', 'Foreign Middle']);
  });
});

describe('pki import', () => {
  const run = (...args: readonly string[]) => {
    const main = join(programDirectory, 'src/setup/cli/main.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'pki', ...args], { encoding: 'utf8', cwd: authority.directory });
    return `${status}: ${stderr}${stdout}`;
  };

  test.each([
    [[], /^2: .*pki wants one word, import, or two: sign FILE/],
    [['export'], /^2: .*pki wants one word, import, or two: sign FILE/],
    [['import'], /^2: .*wants --certificate=FILE, or --ours/],
    [['import', '--ours', '--key=web.key'], /^2: .*--ours goes with no files/],
    [['import', '--ours', '--json'], /^2: [^]*--json means nothing to pki/],
    [['import', '--certificate=web.pem', '--root=none'], /^4: .*There is no installation/],
  ])('%j', (args, said) => {
    expect(run(...args)).toMatch(said);
  });
});
