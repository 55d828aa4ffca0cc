import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answerFiles, writePrivately } from '../../../../src/setup/cli/answer-files.ts';
import { inspectInstallation } from '../../../../src/setup/cli/installation.ts';
import { claimRoot, kindOfRoot, sandboxRoot } from '../../../../src/setup/cli/sandbox-root.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'root-'))));
afterEach(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);

describe('the directory of a sandbox', () => {
  test('may be new or empty, and is ours once it is claimed', () => {
    mkdirSync(at('empty'));
    expect([kindOfRoot(at('new')), kindOfRoot(at('empty'))]).toEqual(['absent', 'empty']);
    for (const name of ['new/deep', 'empty']) {
      expect(sandboxRoot(at(name))).toBe(at(name));
      claimRoot(at(name));
      expect(kindOfRoot(at(name))).toBe('sandbox');
      claimRoot(at(name));
      writeFileSync(at(`${name}/more`), '');
      expect(sandboxRoot(at(name))).toBe(at(name));
    }
    // Others may not look around in it.
    expect(statSync(at('new/deep')).mode & 0o066).toBe(0);
  });

  test('is absolute, whatever it is named by', () => {
    expect(sandboxRoot(relative(process.cwd(), at('x')))).toBe(at('x'));
    expect(sandboxRoot(`${at('x')}/../y/`)).toBe(at('y'));
  });

  test('is never one that holds other things, a file, or a link', () => {
    mkdirSync(at('foreign'));
    writeFileSync(at('foreign/precious'), 'mine');
    writeFileSync(at('file'), '');
    mkdirSync(at('empty'));
    symlinkSync(at('empty'), at('link'));
    symlinkSync(at('nowhere'), at('dangling'));
    for (const name of ['foreign', 'file', 'link', 'dangling']) {
      expect(kindOfRoot(at(name)), name).toBe('foreign');
      expect(() => sandboxRoot(at(name)), name).toThrow(`${at(name)} is not a sandbox of engine-setup`);
    }
    expect(readdirSync(at('foreign'))).toEqual(['precious']);
  });

  test.each(['/', '//', '/..', '/tmp/..', '', 'a\nb', 'a\u001bb', 'a\0b', `/tmp/${'x'.repeat(300)}`])('is never %j', (root) => {
    expect(() => sandboxRoot(root)).toThrow(
      expect.objectContaining({ code: 'refused', remedy: 'Name a new or an empty directory with --root.' }),
    );
  });

  test('is refused below a file', () => {
    writeFileSync(at('file'), '');
    const claim = (): void => claimRoot(sandboxRoot(at('file/x')));
    expect(claim).toThrow(expect.objectContaining({ code: 'refused' }));
    expect(readFileSync(at('file'), 'utf8')).toBe('');
  });

  test('without an installation says so', async () => {
    const nothing = { state: 'not installed', services: [] };
    expect(await inspectInstallation(at('new'))).toEqual({ root: at('new'), ...nothing });
    claimRoot(at('claimed'));
    expect(await inspectInstallation(at('claimed'))).toEqual({ root: at('claimed'), ...nothing });
  });
});

describe('answer files', () => {
  test('are those of the installation in order of their names, then those of the command line in their order', () => {
    mkdirSync(at('etc/ovirt-engine-setup.conf.d'), { recursive: true });
    for (const name of [
      'etc/ovirt-engine-setup.conf',
      'etc/ovirt-engine-setup.conf.d/20-b.conf',
      'etc/ovirt-engine-setup.conf.d/10-a.conf',
      'z.conf',
      'a.yaml',
    ])
      writeFileSync(at(name), name);
    writeFileSync(at('etc/ovirt-engine-setup.conf.d/15.conf.rpmsave'), 'ignored');
    expect(answerFiles(directory, [at('z.conf'), at('a.yaml')]).map(({ path, text, kept }) => [path, text, kept])).toEqual(
      [
        ['etc/ovirt-engine-setup.conf', true],
        ['etc/ovirt-engine-setup.conf.d/10-a.conf', true],
        ['etc/ovirt-engine-setup.conf.d/20-b.conf', true],
        ['z.conf', false],
        ['a.yaml', false],
      ].map(([name, kept]) => [at(String(name)), name, kept]),
    );
    expect(answerFiles(at('empty'), [])).toEqual([]);
  });

  test('that cannot be read are refused by name', () => {
    mkdirSync(at('directory'));
    const big = at('big');
    writeFileSync(big, Buffer.alloc(16 * 1024 * 1024 + 1));
    expect(() => answerFiles(directory, [at('none')])).toThrow(`The answer file ${at('none')} cannot be read: it is not there`);
    expect(() => answerFiles(directory, [at('directory')])).toThrow('it is not a file');
    expect(() => answerFiles(directory, ['/dev/zero'])).toThrow('it is not a file');
    expect(() => answerFiles(directory, [big])).toThrow('it is larger than 16 MiB');
  });

  test('that hold secrets are written for their owner alone, also where an open one lies already', () => {
    writePrivately(at('new'), 'secret');
    writeFileSync(at('open'), 'something longer than the secret');
    chmodSync(at('open'), 0o644);
    writePrivately(at('open'), 'secret');
    for (const name of ['new', 'open']) {
      expect(statSync(at(name)).mode & 0o777, name).toBe(0o600);
      expect(readFileSync(at(name), 'utf8')).toBe('secret');
    }
    const before = statSync('/dev/null').mode;
    writePrivately('/dev/null', 'secret');
    expect(statSync('/dev/null').mode).toBe(before);
    expect(() => writePrivately(at('no/such/directory'), 'x')).toThrow('ENOENT');
    expect(existsSync(at('no'))).toBe(false);
  });
});
