import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Folder } from './folder.ts';
import type { Course } from './tasks.ts';

const zeroes = Buffer.alloc(4 * 1024 * 1024);
/** What file systems give room by. */
const pieceBytes = 4_096;

/**
 * Overwrites a file with zeroes, so that what is on the disk tells nothing any more. Nothing happens where it is not there. What is zero already is left
 * alone: a file may be far larger than the room it takes, and than all that the storage has left.
 */
export async function wipe(folder: Folder, name: string, { assert, signal }: Course): Promise<void> {
  if ((await folder.look(name)) === null) return;
  const file = await open(folder.at(name), constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return;
    const found = Buffer.allocUnsafeSlow(zeroes.length);
    for (let at = 0; at < stat.size;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(found, 0, found.length, at);
      if (bytesRead === 0) break;
      for (const [from, to] of runsOfData(found.subarray(0, bytesRead))) {
        assert();
        await file.write(zeroes, 0, to - from, at + from);
      }
      at += bytesRead;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Where there is something else than zeroes, as the first place and the one after the last. */
function* runsOfData(bytes: Buffer): Generator<readonly [number, number]> {
  let from: number | null = null;
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const end = Math.min(at + pieceBytes, bytes.length);
    const isZero = bytes.compare(zeroes, 0, end - at, at, end) === 0;
    if (!isZero) from ??= at;
    if (from !== null && isZero) {
      yield [from, at];
      from = null;
    }
  }
  if (from !== null) yield [from, bytes.length];
}
