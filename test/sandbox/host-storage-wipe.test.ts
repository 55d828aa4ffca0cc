import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inFolder } from '../../src/services/host-agent/storage/folder.ts';
import { wipe } from '../../src/services/host-agent/storage/wipe.ts';
import { MiB } from '../support/volumes.ts';

/* What a disk that is wiped leaves on the storage. */

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'wipe-'))));
afterEach(() => rm(folder, { recursive: true }));

test('everything is gone, and a sparse file takes no more room than before', async () => {
  const path = join(folder, 'volume');
  const size = 100 * MiB + 5_000;
  const places = [0, 4 * MiB - 2_048, 9 * MiB + 12_288, 70 * MiB, size - 4_096];
  const file = await open(path, 'wx');
  await file.truncate(size);
  for (const place of places) await file.write(Buffer.alloc(4_096, 'secret'), 0, 4_096, place);
  await file.sync();
  await file.close();
  const { blocks } = await stat(path);
  const course = { task: '', assert: () => undefined, signal: new AbortController().signal };
  await inFolder(folder, [], (inside) => wipe(inside, 'volume', course));
  expect((await readFile(path)).equals(Buffer.alloc(size))).toBe(true);
  expect((await stat(path)).blocks).toBeLessThanOrEqual(blocks);
});
