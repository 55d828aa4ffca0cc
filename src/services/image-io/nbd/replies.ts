import type { ByteReader } from '../../frame/byte-reader.ts';
import { chunkDone, chunkError, chunks, NbdError, replyMagic } from './protocol.ts';

/** So many bytes that are of one kind, by the flags of their context. */
export interface StatusRun {
  readonly length: number;
  readonly flags: number;
}

/** A command that waits for its reply. */
export interface Pending {
  readonly offset: number;
  /** What a read fills. */
  readonly into: Buffer | null;
  /** What a question about blocks learns, by the number of the context. */
  readonly status: Map<number, readonly StatusRun[]>;
  settle(error?: unknown): void;
}

/** A chunk carries at most what a command may ask for, and a little. */
const longestChunk = 33 * 2 ** 20;

/** Reads replies for as long as the connection lives, and hands them to the commands that wait. Throws what ends it. */
export async function receiveReplies(from: ByteReader, pending: Map<bigint, Pending>): Promise<never> {
  const failures = new Map<bigint, NbdError>();
  const take = (cookie: bigint): Pending => {
    const found = pending.get(cookie);
    if (found === undefined) throw new Error('the NBD server answers what was not asked');
    return found;
  };
  const end = (cookie: bigint): void => {
    const waiting = take(cookie);
    const failure = failures.get(cookie);
    pending.delete(cookie);
    failures.delete(cookie);
    waiting.settle(failure);
  };
  for (;;) {
    const head = await from.take(16);
    const magic = head.readUInt32BE(0);
    const cookie = head.readBigUInt64BE(8);
    if (magic === replyMagic.simple) {
      const error = head.readUInt32BE(4);
      if (error !== 0) failures.set(cookie, new NbdError(error, ''));
      else if (take(cookie).into !== null) throw new Error('the NBD server answers a read without structure');
      end(cookie);
      continue;
    }
    if (magic !== replyMagic.structured) throw new Error('the NBD server does not speak as agreed');
    const [flags, type] = [head.readUInt16BE(4), head.readUInt16BE(6)];
    const length = (await from.take(4)).readUInt32BE(0);
    if (length > longestChunk) throw new Error('the NBD server sends more than was asked for');
    const data = await from.take(length);
    if (type >= chunkError) failures.set(cookie, errorIn(data));
    else receiveChunk(take(cookie), type, data);
    if ((flags & chunkDone) !== 0) end(cookie);
  }
}

function errorIn(data: Buffer): NbdError {
  if (data.length < 6) throw new Error('the NBD server sends an error without a number');
  const length = data.readUInt16BE(4);
  return new NbdError(data.readUInt32BE(0), data.toString('utf8', 6, 6 + Math.min(length, 200)));
}

function receiveChunk(waiting: Pending, type: number, data: Buffer): void {
  const place = (least: number): number => {
    if (data.length < least || waiting.into === null) throw new Error('the NBD server sends bytes that were not asked for');
    const at = Number(data.readBigUInt64BE(0)) - waiting.offset;
    if (at < 0) throw new Error('the NBD server sends bytes of another place');
    return at;
  };
  switch (type) {
    case chunks.none:
      return;
    case chunks.data: {
      const at = place(8);
      if (at + data.length - 8 > (waiting.into?.length ?? 0)) throw new Error('the NBD server sends bytes of another place');
      if (waiting.into !== null) data.copy(waiting.into, at, 8);
      return;
    }
    case chunks.hole: {
      const at = place(12);
      const length = data.readUInt32BE(8);
      if (at + length > (waiting.into?.length ?? 0)) throw new Error('the NBD server sends bytes of another place');
      waiting.into?.fill(0, at, at + length);
      return;
    }
    case chunks.blockStatus: {
      const count = (data.length - 4) / 8;
      if (!Number.isInteger(count) || count < 1) throw new Error('the NBD server sends an odd status');
      const runs = Array.from({ length: count }, (_, index) => ({
        length: data.readUInt32BE(4 + 8 * index),
        flags: data.readUInt32BE(8 + 8 * index),
      }));
      if (runs.some(({ length }) => length === 0)) throw new Error('the NBD server sends an odd status');
      waiting.status.set(data.readUInt32BE(0), runs);
      return;
    }
    default:
      throw new Error(`the NBD server sends a chunk of the unknown kind ${type}`);
  }
}
