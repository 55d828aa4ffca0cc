import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { type XdrReader, xdrReader } from './xdr.ts';

/*
 * The RPC of libvirt over its local socket (https://libvirt.org/kbase/internals/rpc.html): every message has its length, then program, version,
 * procedure, type, serial and status, then values in XDR.
 */

/** The program of the daemon that has what all hypervisors have in common. */
const program = 0x20008086;
const [typeReply, typeMessage, typeStream] = [1, 2, 3];
const [statusOk, statusError, statusContinue] = [0, 1, 2];
const headBytes = 28;
const longest = 33_554_432;

/** What libvirt says went wrong. */
export class LibvirtError extends Error {
  /** As in `virterror.h`: 42 there is no such domain, 55 the operation is not possible now, 86 the guest agent does not answer. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'LibvirtError';
    this.code = code;
  }
}

/** Whether libvirt has said that there is no such virtual machine. */
export const isNoDomain = (error: unknown): boolean => error instanceof LibvirtError && error.code === 42;

/** The daemon has gone, or does not answer. */
export class LibvirtGone extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LibvirtGone';
  }
}

export interface Rpc {
  /**
   * Calls a procedure, and reads its answer.
   * @throws LibvirtError, LibvirtGone
   */
  call<T>(procedure: number, values: Buffer, read: (reader: XdrReader) => T): Promise<T>;
  /** Calls a procedure that is followed by a stream of bytes: its answer, and the bytes, at most so many. */
  download<T>(procedure: number, values: Buffer, read: (reader: XdrReader) => T, most: number): Promise<[T, Buffer]>;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  close(): void;
}

interface Pending {
  readonly reply: (reader: XdrReader) => void;
  /** Bytes of a stream; none at all at its end. */
  readonly piece: (bytes: Buffer) => void;
  readonly fail: (error: Error) => void;
}

export interface RpcOptions {
  readonly path: string;
  /** What the daemon tells unasked. */
  readonly told: (reader: XdrReader) => void;
  /** How long one call may take, in milliseconds. */
  readonly limitMs: number;
}

/** Connects to the daemon. Throws what connect(2) says. */
export async function connectRpc({ path, told, limitMs }: RpcOptions): Promise<Rpc> {
  const socket: Socket = connect({ path });
  await once(socket, 'connect');
  const pending = new Map<number, Pending>();
  let serial = 0;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  void closed.then(() => {
    for (const one of pending.values()) one.fail(new LibvirtGone('libvirt has closed the connection'));
    pending.clear();
  });

  const takeReply = (message: Buffer): void => {
    const [type, number, status] = [message.readUInt32BE(16), message.readUInt32BE(20), message.readUInt32BE(24)];
    const reader = xdrReader(message.subarray(headBytes));
    if (type === typeMessage) return told(reader);
    const one = pending.get(number);
    if (one === undefined) return;
    if (status === statusError) return one.fail(readError(reader));
    if (type === typeReply) return one.reply(reader);
    if (type === typeStream) one.piece(status === statusContinue ? message.subarray(headBytes) : Buffer.alloc(0));
  };
  const messages = createMessages((message) => {
    try {
      takeReply(message);
    } catch (error) {
      // What cannot be read means that both sides have lost each other.
      socket.destroy(error as Error);
    }
  });
  socket.on('data', (bytes) => {
    try {
      messages(bytes);
    } catch (error) {
      socket.destroy(error as Error);
    }
  });

  const send = (procedure: number, type: number, number: number, status: number, values: Buffer): void => {
    const head = Buffer.alloc(headBytes);
    [headBytes + values.length, program, 1, procedure, type, number, status].forEach((value, at) =>
      head.writeUInt32BE(value >>> 0, at * 4),
    );
    socket.write(Buffer.concat([head, values]));
  };

  /** Until `done` has been called, or the call has failed. */
  function begin<T>(
    procedure: number,
    values: Buffer,
    handlers: (done: (value: T) => void, end: () => void) => Pick<Pending, 'reply' | 'piece'>,
  ): Promise<T> {
    if (socket.destroyed) return Promise.reject(new LibvirtGone('there is no connection with libvirt'));
    return new Promise<T>((resolve, reject) => {
      const number = ++serial;
      const limit = setTimeout(() => fail(new LibvirtGone(`libvirt has not answered within ${limitMs / 1000} seconds`)), limitMs);
      const end = (): void => {
        clearTimeout(limit);
        pending.delete(number);
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      const done = (value: T): void => {
        end();
        resolve(value);
      };
      const finishStream = (): void => send(procedure, typeStream, number, statusOk, Buffer.alloc(0));
      pending.set(number, { fail, ...handlers(done, finishStream) });
      send(procedure, 0, number, statusOk, values);
    });
  }

  return {
    call: (procedure, values, read) =>
      begin(procedure, values, (done) => ({ reply: (reader) => done(read(reader)), piece: () => undefined })),
    download<T>(procedure: number, values: Buffer, read: (reader: XdrReader) => T, most: number) {
      let first: T;
      const pieces: Buffer[] = [];
      let length = 0;
      return begin<[T, Buffer]>(procedure, values, (done, finish) => ({
        reply: (reader) => (first = read(reader)),
        piece(bytes) {
          length += bytes.length;
          if (length > most) throw new RangeError('a stream of libvirt is too long');
          pieces.push(bytes);
          if (bytes.length > 0) return;
          finish();
          done([first, Buffer.concat(pieces)]);
        },
      }));
    },
    closed,
    close: () => void socket.destroy(),
  };
}

/** Cuts what arrives into messages, each handed on with its length in front. Throws RangeError for lengths that cannot be. */
function createMessages(take: (message: Buffer) => void): (bytes: Buffer) => void {
  let pieces: Buffer[] = [];
  let have = 0;
  let wanted = 4;
  return (bytes) => {
    pieces.push(bytes);
    have += bytes.length;
    while (have >= wanted) {
      const all = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
      const length = all.readUInt32BE(0);
      if (length < headBytes || length > longest) throw new RangeError('libvirt sent a message of an impossible length');
      if (all.length < length) {
        [pieces, wanted] = [[all], length];
        return;
      }
      take(all.subarray(0, length));
      [pieces, have, wanted] = [[all.subarray(length)], all.length - length, 4];
    }
  };
}

function readError(reader: XdrReader): LibvirtError {
  const code = reader.int();
  reader.int();
  return new LibvirtError(code, reader.optionalText() ?? `error ${code}`);
}
