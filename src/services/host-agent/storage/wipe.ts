import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Folder } from './folder.ts';
import type { Course } from './tasks.ts';

const block = Buffer.alloc(4 * 1024 * 1024);

/** Overwrites a file with zeroes, so that what is on the disk tells nothing any more. Nothing happens where it is not there. */
export async function wipe(folder: Folder, name: string, { assert, signal }: Course): Promise<void> {
  if ((await folder.look(name)) === null) return;
  const file = await open(folder.at(name), constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return;
    for (let at = 0; at < stat.size; at += block.length) {
      signal.throwIfAborted();
      assert();
      await file.write(block, 0, Math.min(block.length, stat.size - at), at);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
