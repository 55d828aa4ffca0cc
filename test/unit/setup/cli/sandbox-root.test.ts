import {
  chmodSync,
  chownSync,
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

  describe('that holds plugins of third parties alone', () => {
    const plugins = 'root/usr/share/ovirt-engine-setup/plugins';
    beforeEach(() => {
      mkdirSync(at(plugins), { recursive: true, mode: 0o755 });
      writeFileSync(at(`${plugins}/motd.ts`), 'mine');
      chmodSync(at('root'), 0o755);
    });

    test('may be claimed, and keeps them', () => {
      expect(kindOfRoot(at('root'))).toBe('prepared');
      claimRoot(sandboxRoot(at('root')));
      expect(kindOfRoot(at('root'))).toBe('sandbox');
      expect(readFileSync(at(`${plugins}/motd.ts`), 'utf8')).toBe('mine');
      expect(statSync(at('root')).mode & 0o066).toBe(0);
    });

    test.each(['.', 'usr', 'usr/share', 'usr/share/ovirt-engine-setup'])('is foreign with anything else in %s', (where) => {
      writeFileSync(at(`root/${where}/precious`), 'mine');
      expect(() => sandboxRoot(at('root'))).toThrow(`${at('root')} is not a sandbox of engine-setup`);
    });

    test('is foreign where the way to them is no directory, or a link', () => {
      rmSync(at('root/usr/share'), { recursive: true });
      writeFileSync(at('root/usr/share'), '');
      expect(kindOfRoot(at('root'))).toBe('foreign');
      rmSync(at('root/usr/share'));
      mkdirSync(at('elsewhere/ovirt-engine-setup/plugins'), { recursive: true });
      symlinkSync(at('elsewhere'), at('root/usr/share'));
      expect(kindOfRoot(at('root'))).toBe('foreign');
    });

    test.each([0o775, 0o757])('is refused with mode %i: others could have put them there', (mode) => {
      chmodSync(at('root'), mode);
      expect(() => sandboxRoot(at('root'))).toThrow('other users may write into it');
    });

    test.runIf(process.getuid?.() === 0)('is refused where it belongs to another user', () => {
      chownSync(at('root'), 1234, 0);
      expect(() => sandboxRoot(at('root'))).toThrow('belongs to another user');
    });
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
});
