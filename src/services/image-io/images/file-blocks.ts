import { constants, open, readlink } from 'node:fs/promises';
import { inTurns } from '../../frame/in-turn.ts';
import { Fault } from '../fault.ts';
import type { NbdClient } from '../nbd/client.ts';
import { zeroExtents } from '../nbd/extents.ts';
import { type Ticket, writes } from '../tickets/ticket.ts';
import type { Blocks, LocalPlaces } from './blocks.ts';
import { startHoles } from './holes.ts';

/**
 * Opens a file whose bytes are the image. It must be there and be no link, and lie in one of the folders, if there are any, wherever links to its own
 * folder lead. One that is to be written may still be shorter than the image: what is missing reads as zeroes. Throws Fault, or what keeps it from
 * being opened.
 */
export async function openFile(path: string, ticket: Ticket, { folders, qemuNbd }: LocalPlaces): Promise<Blocks> {
  const { size, sparse } = ticket;
  const isWritable = writes(ticket);
  // Whoever can write to the storage may put a pipe in its place, which shall not keep us waiting, or a link to a file of this machine.
  const file = await open(path, (isWritable ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const real = await readlink(`/proc/self/fd/${file.fd}`);
    if (folders.length > 0 && !folders.some((folder) => real.startsWith(`${folder}/`)))
      throw new Fault(403, 'the image lies outside of the folders for images');
    const stat = await file.stat();
    if (!stat.isFile()) throw new Fault(500, 'the image is not a file');
    if (!isWritable && stat.size < size) throw new Fault(500, `the image has ${stat.size} bytes, fewer than the ticket says`);
  } catch (error) {
    await file.close();
    throw error;
  }

  const present = async (): Promise<number> => (await file.stat()).size;
  let holes: Promise<NbdClient> | null = null;
  /** A server for the holes that knows the file up to a place; it learns the size of the file when it starts. */
  const holesUpTo = async (end: number): Promise<NbdClient> => {
    const former = await holes?.catch(() => null);
    if (former !== undefined && former !== null && former.size >= end) return former;
    // QEMU locks the file: the one that is to be replaced must be gone.
    holes = null;
    await former?.close();
    const starting = startHoles(qemuNbd, file, isWritable);
    holes = starting;
    starting.catch(() => (holes = holes === starting ? null : holes));
    return starting;
  };
  // One after the other, so that none is served by a server that another replaces.
  const inTurn = inTurns();
  /** Only ever makes the file longer, whoever else writes at the same time. */
  const lengthen = async (end: number): Promise<void> => {
    await file.write(Buffer.alloc(1), 0, 1, end - 1);
  };

  return {
    async read(into, offset) {
      for (let done = 0; done < into.length;) {
        const { bytesRead } = await file.read(into, done, into.length - done, offset + done);
        if (bytesRead === 0 && isWritable) {
          into.fill(0, done);
          return;
        }
        if (bytesRead === 0) throw new Fault(500, 'the image has become shorter');
        done += bytesRead;
      }
    },

    async write(pieces, offset) {
      let rest = [...pieces];
      let at = offset;
      while (rest.length > 0) {
        const { bytesWritten } = await file.writev(rest, at);
        at += bytesWritten;
        let skip = bytesWritten;
        rest = rest.flatMap((piece) => {
          const gone = Math.min(skip, piece.length);
          skip -= gone;
          return gone === piece.length ? [] : [piece.subarray(gone)];
        });
      }
    },

    zero: (offset, length) =>
      inTurn(async () => {
        const end = offset + length;
        const before = await present();
        if (end > before) await lengthen(end);
        // What has just been added is a hole already.
        const old = sparse ? Math.min(end, before) - offset : length;
        if (old > 0) await (await holesUpTo(offset + old)).zero(offset, old, !sparse);
      }),

    flush: () => file.datasync(),

    async *extents() {
      const there = Math.min(size, await present());
      for (let at = 0; at < there;) {
        const client = await inTurn(() => holesUpTo(there));
        try {
          for await (const extent of zeroExtents(client, there, at)) {
            at = extent.start + extent.length;
            // A raw image has no holes that something else shows through.
            yield { ...extent, hole: false };
          }
        } catch (error) {
          // A list takes long: where the server was replaced meanwhile, its successor tells the rest.
          if ((await holes?.catch(() => null)) === client) throw error;
        }
      }
      if (there < size) yield { start: there, length: size - there, zero: true, hole: false };
    },

    dirtyExtents: null,

    async close() {
      const client = await holes?.catch(() => null);
      await client?.close();
      await file.close();
    },
  };
}
