import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeFormerPrograms, superfluous } from '../../../../../src/services/engine/host-deploy/former-programs.ts';

const [one, two, three, four] = ['0.2.0', '0.2.1+0123456789ab', '0.2.1+ba9876543210', '0.3.0'] as const;

test('the current copy and the one before stay, and what still runs', () => {
  const names = ['current', four, three, `${two}.new`, two, one, 'notes', '..', ''];
  expect(superfluous(names, four, [])).toEqual([`${two}.new`, two, one]);
  expect(superfluous(names, four, [one])).toEqual([`${two}.new`, two]);
  // Going back to an earlier version: that from which one goes back was the one before.
  expect(superfluous(names, two, [])).toEqual([three, `${two}.new`, one]);
  expect(superfluous([four, 'current'], four, [])).toEqual([]);
});

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'programs-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A host, whose commands are carried out here. */
const session = {
  run: (command: string) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile('/bin/sh', ['-c', command], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : 1, stdout, stderr });
      });
    }),
};

test('former copies go, and nothing else', async () => {
  for (const [at, name] of [one, two, three, four, 'others'].entries()) {
    await mkdir(join(folder, name, 'src'), { recursive: true });
    await utimes(join(folder, name), at, at);
  }
  await mkdir(join(folder, 'elsewhere'));
  await symlink('elsewhere', join(folder, '0.1.0'));
  await symlink(four, join(folder, 'current'));
  const told: string[] = [];
  await removeFormerPrograms(session, join(folder, four), (text) => told.push(text));
  // A link is no copy, whatever it is called.
  expect((await readdir(folder)).sort()).toEqual(['0.1.0', three, four, 'current', 'elsewhere', 'others'].sort());
  expect(told).toHaveLength(2);
});
