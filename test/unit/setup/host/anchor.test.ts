import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { file } from '#kit';
import { anchored } from '../../../../src/setup/host/anchor.ts';
import { filesBelow } from '../../../../src/setup/host/files.ts';

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

describe.skipIf(!isRoot)(`what root does in folders of others${isRoot ? '' : ' (needs root)'}`, () => {
  let home: string;
  const at = (...names: readonly string[]): string => join(home, ...names);
  const files = filesBelow('', { owners: true });

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'anchor-'));
    chmodSync(home, 0o755);
    for (const name of ['theirs', 'theirs/conf.d', 'ours', 'secret']) mkdirSync(at(name));
    for (const name of ['theirs', 'theirs/conf.d']) chownSync(at(name), nobody, nobody);
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  test('does not go through a link that they can have put there', async () => {
    renameSync(at('theirs/conf.d'), at('theirs/away'));
    symlinkSync(at('secret'), at('theirs/conf.d'));
    const path = at('theirs/conf.d/ours.conf');
    for (const attempt of [
      () => files.write(path, file('x', 0o644)),
      () => files.append(path, 'x'),
      () => files.remove(path),
      () => files.read(path),
    ])
      await expect(attempt()).rejects.toThrow(`${at('theirs/conf.d')} is a link that others than root can have put there`);
    expect(existsSync(at('secret/ours.conf'))).toBe(false);
  });

  test('goes through a link that only root can have made, wherever it leads', async () => {
    symlinkSync('../secret', at('ours/link'));
    await files.write(at('ours/link/new/ours.conf'), file('x', 0o640));
    expect(readFileSync(at('secret/new/ours.conf'), 'utf8')).toBe('x');
    expect(statSync(at('secret/new')).mode & 0o777).toBe(0o755);
  });

  test('ends for links in a circle, and for what is no folder', async () => {
    symlinkSync('b', at('ours/a'));
    symlinkSync('a', at('ours/b'));
    await expect(files.write(at('ours/a/x'), file('x', 0o644))).rejects.toThrow('Cannot write');
    writeFileSync(at('ours/plain'), '');
    await expect(files.write(at('ours/plain/x'), file('x', 0o644))).rejects.toThrow('Cannot write');
    expect(await files.read(at('ours/plain/x'))).toBeUndefined();
    expect(await files.read(at('ours/none/x'))).toBeUndefined();
  });

  test('stays in the folder that was opened, also when another thing takes its name meanwhile', async () => {
    await anchored(at('theirs/conf.d/x'), async (path) => {
      renameSync(at('theirs/conf.d'), at('theirs/away'));
      symlinkSync(at('secret'), at('theirs/conf.d'));
      writeFileSync(path, 'x');
    });
    expect(readFileSync(at('theirs/away/x'), 'utf8')).toBe('x');
    expect(existsSync(at('secret/x'))).toBe(false);
  });

  test('gives owner and mode to the file that was made, not to what has its name', async () => {
    await files.write(at('theirs/conf.d/ours.conf'), file('x', 0o600, 'nobody', 'nogroup'));
    expect(statSync(at('theirs/conf.d/ours.conf'))).toMatchObject({ uid: nobody });
    expect(statSync(at('theirs/conf.d/ours.conf')).mode & 0o777).toBe(0o600);
    await files.write(at('theirs/conf.d'), { kind: 'directory', mode: 0o700, owner: 'nobody', group: 'nogroup' });
    expect(statSync(at('theirs/conf.d')).mode & 0o777).toBe(0o700);
  });
});
