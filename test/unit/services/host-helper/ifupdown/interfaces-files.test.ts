import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readInterfaces } from '../../../../../src/services/host-helper/ifupdown/interfaces-files.ts';

let folder: string;
let main: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interfaces-'));
  main = join(folder, 'interfaces');
  await mkdir(join(folder, 'interfaces.d'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text, 'latin1');
const namesRead = async (): Promise<readonly string[]> =>
  [...(await readInterfaces(main)).keys()].map((path) => path.slice(folder.length + 1));

test('files that others name belong to it, byte by byte', async () => {
  await write('interfaces', `source interfaces.d/*.cfg ${folder}/more?\nsource-directory interfaces.d\nsource missing\n`);
  for (const name of ['a.cfg', '.hidden.cfg', 'plain', 'plain~', 'b.old']) await write(`interfaces.d/${name}`, '');
  await write('more1', '# \xe9\xff\n');
  expect(await namesRead()).toEqual(['interfaces', 'interfaces.d/a.cfg', 'more1', 'interfaces.d/plain']);
  expect((await readInterfaces(main)).get(join(folder, 'more1'))).toBe('# \xe9\xff\n');
  expect([...(await readInterfaces(main, new Map([[main, 'auto lo\n']]))).values()]).toEqual(['auto lo\n']);
});

test('what cannot be followed is refused with the line that names it', async () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['auto lo\nsource $HOME/interfaces\n', 'interfaces:2: $HOME/interfaces is no plain path'],
    ['source ~/x\n', 'no plain path'],
    ['source "a b"\n', 'no plain path'],
    ['source */x\n', 'no plain path'],
    ['source interfaces.d/[ab]\n', 'no plain path'],
    ['source-directory interfaces.*\n', 'no plain path'],
    ['source interfaces.d\n', 'interfaces:1: ' + 'FOLDER/interfaces.d is no file'],
    ['source interfaces\n', 'is read a second time'],
    ['source broken\n', 'cannot be read'],
    ['source large\n', 'bytes'],
    ['source odd\n', '/odd:1: there is a control character'],
  ];
  await symlink('/nowhere', join(folder, 'broken'));
  await write('large', ' '.repeat(1_048_577));
  await write('odd', '\x01');
  for (const [text, message] of wrong) {
    await write('interfaces', text);
    await expect(readInterfaces(main)).rejects.toThrow(message.replace('FOLDER', folder));
  }
});
