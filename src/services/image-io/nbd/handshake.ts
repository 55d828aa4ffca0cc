import type { Socket } from 'node:net';
import type { ByteReader } from '../../frame/byte-reader.ts';
import { contexts, handshakeFlags, infoExport, magic, optionError, optionReplies, options } from './protocol.ts';

/** What both sides have agreed on. */
export interface Export {
  readonly size: number;
  /** Transmission flags: what the server can do. */
  readonly flags: number;
  /** The metadata contexts that were granted, by the numbers that replies name them with. */
  readonly contexts: ReadonlyMap<number, string>;
}

/** Bytes of one reply to an option; nothing that is asked for here needs more. */
const longestReply = 64 * 1024;

/**
 * Shakes hands with an NBD server and asks for one of its exports, with structured replies and what it knows of allocation and changes.
 * Throws where it refuses, or does not speak the fixed newstyle.
 */
export async function shakeHands(socket: Socket, from: ByteReader, name: string): Promise<Export> {
  const greeting = await from.take(18);
  if (greeting.readBigUInt64BE(0) !== magic.server || greeting.readBigUInt64BE(8) !== magic.option)
    throw new Error('this is no NBD server');
  const offered = greeting.readUInt16BE(16);
  if ((offered & handshakeFlags.fixedNewstyle) === 0) throw new Error('the NBD server does not speak the fixed newstyle');
  const flags = Buffer.alloc(4);
  flags.writeUInt32BE(handshakeFlags.fixedNewstyle | (offered & handshakeFlags.noZeroes));
  socket.write(flags);

  const ask = (option: number, data: Buffer): Promise<readonly Reply[]> => askOption(socket, from, option, data);
  await ask(options.structuredReply, Buffer.alloc(0));
  const bitmap = (await ask(options.listMetaContext, queries(name, [contexts.bitmaps])))
    .map(contextOf)
    .find(([, each]) => each.startsWith(contexts.bitmaps));
  const wanted = [contexts.allocation, contexts.depth, ...(bitmap === undefined ? [] : [bitmap[1]])];
  const granted = (await ask(options.setMetaContext, queries(name, wanted))).map(contextOf);

  const about = Buffer.concat([lengthAndText(name), Buffer.alloc(2)]);
  const info = (await ask(options.go, about)).find(
    ({ type, data }) => type === optionReplies.info && data.readUInt16BE(0) === infoExport,
  )?.data;
  if (info === undefined || info.length < 12) throw new Error('the NBD server does not tell the size of its export');
  const size = info.readBigUInt64BE(2);
  if (size > Number.MAX_SAFE_INTEGER) throw new Error('the export of the NBD server is too large');
  return { size: Number(size), flags: info.readUInt16BE(10), contexts: new Map(granted) };
}

interface Reply {
  readonly type: number;
  readonly data: Buffer;
}

/** Sends an option and gathers its replies up to the last one. */
async function askOption(socket: Socket, from: ByteReader, option: number, data: Buffer): Promise<readonly Reply[]> {
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(magic.option, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(data.length, 12);
  socket.write(Buffer.concat([head, data]));
  const replies: Reply[] = [];
  for (;;) {
    const reply = await from.take(20);
    if (reply.readBigUInt64BE(0) !== magic.optionReply || reply.readUInt32BE(8) !== option)
      throw new Error('the NBD server answers something else');
    const [type, length] = [reply.readUInt32BE(12), reply.readUInt32BE(16)];
    if (length > longestReply || replies.length > 1024) throw new Error('the NBD server answers too much');
    const said = await from.take(length);
    if (type === optionReplies.ack) return replies;
    if (type >= optionError) throw new Error(`the NBD server refuses option ${option}: ${said.toString() || type - optionError}`);
    replies.push({ type, data: said });
  }
}

function contextOf({ type, data }: Reply): [number, string] {
  if (type !== optionReplies.metaContext || data.length < 4) throw new Error('the NBD server answers something else than contexts');
  return [data.readUInt32BE(0), data.toString('utf8', 4)];
}

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function queries(name: string, list: readonly string[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(list.length);
  return Buffer.concat([lengthAndText(name), count, ...list.map(lengthAndText)]);
}
