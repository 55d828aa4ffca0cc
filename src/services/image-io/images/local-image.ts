import type { ByteRange } from '../byte-range.ts';
import { blockChecksum } from '../checksum.ts';
import { Fault } from '../fault.ts';
import { inBatches, pieceBytes, writeAll } from '../streaming.ts';
import type { Ticket } from '../tickets/ticket.ts';
import type { Blocks } from './blocks.ts';
import type { DirtyExtent, Extent, Image } from './image.ts';

/** Buffers that are filled and sent in turn: one is read into while others are on their way. */
const buffersOfOneTransfer = 3;

const zeroes = Buffer.alloc(pieceBytes);
/** Bytes that are not zero are mostly told by their beginning. */
const isZero = (piece: Buffer): boolean => {
  for (let at = 0; at < piece.length; at += pieceBytes) {
    const length = Math.min(pieceBytes, piece.length - at);
    if (piece.compare(zeroes, 0, length, at, at + length) !== 0) return false;
  }
  return true;
};

/** An image of this machine, as clients see it. */
export function localImage(blocks: Blocks, { size, sparse }: Ticket): Image {
  return {
    async get({ start, length }, begin, signal) {
      const to = begin();
      const buffers = Array.from({ length: Math.min(buffersOfOneTransfer, Math.ceil(length / pieceBytes)) }, () =>
        Buffer.allocUnsafeSlow(Math.min(pieceBytes, length)),
      );
      const sending = buffers.map(() => Promise.resolve());
      for (let sent = 0, turn = 0; sent < length; turn = (turn + 1) % buffers.length) {
        await sending[turn];
        signal.throwIfAborted();
        const piece = buffers[turn]?.subarray(0, length - sent) ?? zeroes;
        await blocks.read(piece, start + sent);
        sent += piece.length;
        const written = writeAll(to, [piece]);
        // Whoever waits for it hears of a failure.
        written.catch(() => undefined);
        sending[turn] = written;
      }
      await Promise.all(sending);
    },

    async put(range, body, flush, progress, signal) {
      await (sparse ? putSparse : putAll)(blocks, range, body, progress, signal);
      if (flush) await blocks.flush();
    },

    async zero({ start, length }, flush) {
      if (length > 0) await blocks.zero(start, length);
      if (flush) await blocks.flush();
    },

    flush: () => blocks.flush(),

    async *extents(context, signal) {
      const { dirtyExtents } = blocks;
      if (context === 'dirty' && dirtyExtents === null) throw new Fault(404, 'what has changed is not known of this image');
      const all: AsyncIterable<Extent | DirtyExtent> = context === 'dirty' && dirtyExtents !== null ? dirtyExtents() : blocks.extents();
      let text = '[';
      let isFirst = true;
      for await (const extent of all) {
        signal.throwIfAborted();
        text += (isFirst ? '' : ', ') + JSON.stringify(extent);
        isFirst = false;
        if (text.length < 65_536) continue;
        yield text;
        text = '';
      }
      yield `${text}]`;
    },

    checksum: (order, signal) => blockChecksum(blocks, size, order, signal),
    close: () => blocks.close(),
  };
}

type Put = (
  ...args: [blocks: Blocks, range: ByteRange, ...rest: [Parameters<Image['put']>[1], Parameters<Image['put']>[3], AbortSignal]]
) => Promise<void>;

const putAll: Put = async (blocks, { start }, body, progress, signal) => {
  let at = start;
  await inBatches(body, signal, async (pieces, bytes) => {
    await blocks.write(pieces, at);
    progress(at, bytes);
    at += bytes;
  });
};

/** Zeroes that come are not written, but made: a whole run of them at once, so that a sparse image stays one. */
const putSparse: Put = async (blocks, { start }, body, progress, signal) => {
  let [at, zeroFrom] = [start, start];
  const endRun = async (): Promise<void> => {
    if (zeroFrom === at) return;
    await blocks.zero(zeroFrom, at - zeroFrom);
    progress(zeroFrom, at - zeroFrom);
  };
  await inBatches(body, signal, async (pieces, bytes) => {
    if (!pieces.every(isZero)) {
      await endRun();
      await blocks.write(pieces, at);
      progress(at, bytes);
      zeroFrom = at + bytes;
    }
    at += bytes;
  });
  await endRun();
};
