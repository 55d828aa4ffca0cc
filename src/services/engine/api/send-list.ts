import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatOf } from './api-request.ts';
import { sendBody } from './answer.ts';
import { types } from './api-types.ts';
import { listJson } from './json.ts';
import type { ListText } from './list-text.ts';
import type { Entity } from './types.ts';
import { listXml } from './xml.ts';

/** Bytes of a list that are written before they are sent. */
const partSize = 262_144;

export interface ListParts {
  readonly type: string;
  /** The element around the list. */
  readonly list: string;
  readonly blocks: AsyncIterable<Iterable<Entity>>;
  /** Makes of a member what is shown of it. */
  readonly shown: (entity: Entity) => Entity | Promise<Entity>;
  /** Told of what went wrong when a part of the list was sent already. */
  readonly broken: (error: unknown) => void;
}

/**
 * Sends a list in the format that the client asked for, made as quickly as the client reads it: for one that reads slowly, the engine
 * holds a part of it and a block of members. The status is settled with the first part: throws what reading throws until then.
 * What goes wrong later breaks the connection, so that nobody takes a piece for the whole.
 */
export async function sendList(request: FastifyRequest, reply: FastifyReply, parts: ListParts): Promise<FastifyReply> {
  const json = formatOf(request) === 'json';
  const all = written(json ? listJson(types, parts.type) : listXml(types, parts.type, parts.list), parts);
  const first = await all.next();
  // Short lists have a length, and connections are kept after them by the oldest clients, too.
  if (first.done === true) return sendBody(reply, json, first.value);
  // Nobody reads the rest of it, and how long it would be nobody knows.
  if (request.method === 'HEAD') await all.return(first.value);
  return sendBody(reply, json, Readable.from(request.method === 'HEAD' ? [] : restOf(all, first, parts.broken), { objectMode: false }));
}

type Written = AsyncGenerator<Buffer, Buffer>;

/** A list in parts. The last one is returned: all of a short list. */
async function* written(list: ListText, { blocks, shown }: ListParts): Written {
  for await (const block of blocks) {
    for (const entity of block) {
      const whole = shown(entity);
      list.add(whole instanceof Promise ? await whole : whole);
      if (list.size() >= partSize) yield list.take();
    }
  }
  return list.end();
}

async function* restOf(all: Written, first: IteratorResult<Buffer, Buffer>, broken: ListParts['broken']): AsyncGenerator<Buffer> {
  try {
    let part = first;
    for (; part.done !== true; part = await all.next()) yield part.value;
    yield part.value;
  } catch (error) {
    broken(error);
    throw error;
  } finally {
    // Of a list that its client has given up, nothing further is read.
    await all.return(first.value);
  }
}
