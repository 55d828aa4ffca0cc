import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { createByteReader } from '../../frame/byte-reader.ts';
import { writeAll } from '../streaming.ts';
import { type Export, shakeHands } from './handshake.ts';
import { commandFlags, commands, requestMagic } from './protocol.ts';
import { type Pending, receiveReplies, type StatusRun } from './replies.ts';

export type { StatusRun } from './replies.ts';

/** A connection to an export of an NBD server. Several commands may be under way at once. */
export interface NbdClient extends Export {
  read(into: Buffer, offset: number): Promise<void>;
  write(pieces: readonly Buffer[], offset: number): Promise<void>;
  /** @param allocate whether the room stays taken; otherwise it may become a hole */
  zero(offset: number, length: number, allocate: boolean): Promise<void>;
  flush(): Promise<void>;
  /** What is known from a place on, by metadata context; at least something of each, and maybe less than asked for. */
  status(offset: number, length: number): Promise<ReadonlyMap<string, readonly StatusRun[]>>;
  close(): Promise<void>;
}

/** What servers take in one command, whatever they are. */
const mostBytes = 32 * 2 ** 20;
/** Zeroes and questions carry no bytes, so they may be longer; a multiple of every block size. */
const mostLength = 2 ** 30;
const handshakeWithinMs = 10_000;

/** Connects to an export by the path of a server's socket. Throws where nobody listens, or nobody speaks NBD. */
export async function connectNbd(path: string, name: string): Promise<NbdClient> {
  const socket = connect({ path });
  const limit = setTimeout(() => socket.destroy(new Error('the NBD server does not answer')), handshakeWithinMs);
  try {
    await once(socket, 'connect');
    // What goes wrong from here on is told to whoever waits for a reply.
    socket.on('error', () => undefined);
    const from = createByteReader(socket);
    const agreed = await shakeHands(socket, from, name);
    return createClient(socket, agreed, (pending) => receiveReplies(from, pending));
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(limit);
  }
}

function createClient(socket: Socket, agreed: Export, receive: (pending: Map<bigint, Pending>) => Promise<never>): NbdClient {
  const pending = new Map<bigint, Pending>();
  let cookie = 0n;
  let broken: unknown = null;
  receive(pending).catch((error: unknown) => {
    broken = error;
    socket.destroy();
    for (const each of pending.values()) each.settle(error);
    pending.clear();
  });

  interface Command {
    readonly type: number;
    readonly offset?: number;
    readonly length?: number;
    readonly flags?: number;
    readonly payload?: readonly Buffer[];
    readonly into?: Buffer;
  }
  const command = ({ type, offset = 0, length = 0, flags = 0, payload = [], into }: Command): Promise<Pending> =>
    new Promise((resolve, reject) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      if (broken !== null) return reject(broken);
      const head = Buffer.alloc(28);
      head.writeUInt32BE(requestMagic, 0);
      head.writeUInt16BE(flags, 4);
      head.writeUInt16BE(type, 6);
      head.writeBigUInt64BE(cookie, 8);
      head.writeBigUInt64BE(BigInt(offset), 16);
      head.writeUInt32BE(length, 24);
      const waiting: Pending = {
        offset,
        into: into ?? null,
        status: new Map(),
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        settle: (error) => (error === undefined ? resolve(waiting) : reject(error)),
      };
      pending.set(cookie, waiting);
      cookie++;
      // The reply may come, or the connection end, before the last byte is known to be away; both are heard of there.
      writeAll(socket, [head, ...payload]).catch(() => undefined);
    });
  const inParts = async (
    offset: number,
    length: number,
    most: number,
    each: (offset: number, length: number) => Promise<unknown>,
  ): Promise<void> => {
    for (let done = 0; done < length; done += most) await each(offset + done, Math.min(most, length - done));
  };

  return {
    ...agreed,
    read: (into, offset) =>
      inParts(0, into.length, mostBytes, (at, length) =>
        command({ type: commands.read, offset: offset + at, length, into: into.subarray(at, at + length) }),
      ),
    async write(pieces, offset) {
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (length <= mostBytes) {
        await command({ type: commands.write, offset, length, payload: pieces });
        return;
      }
      let at = offset;
      for (const piece of pieces) {
        await inParts(0, piece.length, mostBytes, (from, count) =>
          command({ type: commands.write, offset: at + from, length: count, payload: [piece.subarray(from, from + count)] }),
        );
        at += piece.length;
      }
    },
    zero: (offset, length, allocate) =>
      inParts(offset, length, mostLength, (at, count) =>
        command({ type: commands.writeZeroes, offset: at, length: count, flags: allocate ? commandFlags.noHole : 0 }),
      ),
    async flush() {
      await command({ type: commands.flush });
    },
    async status(offset, length) {
      const { status } = await command({ type: commands.blockStatus, offset, length: Math.min(length, mostLength) });
      return new Map([...status].map(([id, runs]) => [agreed.contexts.get(id) ?? '', runs]));
    },
    async close() {
      if (broken === null) void command({ type: commands.disconnect }).catch(() => undefined);
      socket.end();
      if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(5_000) }).catch(() => socket.destroy());
    },
  };
}
