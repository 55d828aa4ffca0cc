import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import { callerOf } from '../http/access.ts';
import { notFound } from '../http/refusal.ts';
import type { Consoles } from '../consoles/consoles.ts';
import type { Secrets } from '../hosts/secrets.ts';
import { loginName } from '../sso/principals.ts';
import { flag, isFiltered, parameter } from './api-request.ts';
import { types } from './api-types.ts';
import { parseEntity } from './body.ts';
import type { Asker, Collection, Members, Occasion, Place, SpecialChange, Worker } from './collections/collection.ts';
import type { Entity } from './types.ts';
import { settled } from './settled.ts';
import { createWork, type Done } from './work.ts';

interface Params {
  readonly above?: string;
  readonly parent?: string;
  readonly id?: string;
}

/** The body of a request, as the server hands it on. */
export interface Body {
  readonly form: 'xml' | 'json';
  readonly text: string;
}

/** The id of the member that an address names; empty where it names a collection. */
export const idOf = ({ params }: FastifyRequest): string => (params as Params).id ?? '';

export const placeOf = (collection: Collection, { params }: FastifyRequest): Place => ({
  collection,
  parent: (params as Params).parent ?? null,
  above: (params as Params).above ?? null,
});

/** Who asks. Throws a refusal (400) for a parameter filter that is no boolean. */
export function askerOf(request: FastifyRequest): Asker {
  const { userId, administrator } = callerOf(request).principal;
  return { userId, administrator, filtered: isFiltered(request) };
}

/** An ordinary user needs no parameter filter to see a single member, if it may be seen at all. */
export const seeing = (asker: Asker): Asker => (asker.administrator ? asker : { ...asker, filtered: true });

const correlationOf = (reply: FastifyReply): string => String(reply.getHeader('correlation-id'));

/** Reads parameters of a request that are truth values. */
export const asksOf =
  (request: FastifyRequest): Occasion['asks'] =>
  (name, otherwise = false) =>
    parameter(request, name, null) === null ? otherwise : flag(request, name);

/** Whether the client asked for what is in an answer only when it is asked for. */
export const wantsAllContent = (request: FastifyRequest): boolean => flag(request, 'all_content', 'all-content');

/** So many elements that were ignored are named, with so many characters of each. */
const named = { most: 20, longest: 60 } as const;

/** What the routes of all collections have in common. */
export interface Handling {
  readonly members: Members;
  /** What a client sent, as an entity. What is ignored of it is told in the log. Throws refusals (400) for what cannot be read. */
  entity(request: FastifyRequest, reply: FastifyReply, type: string): Entity;
  /** The member of an address. Throws a refusal (404) where there is none, or none that may be seen. */
  seen(request: FastifyRequest, place: Place, id: string): Promise<Entity>;
  /** Asks for the permit before anything of the request is looked into, then does the work on what was sent. Throws refusals. */
  change(request: FastifyRequest, reply: FastifyReply, collection: Collection, what: SpecialChange, read: () => Entity): Promise<Done>;
}

export interface HandlingParts {
  readonly database: Database;
  readonly members: Members;
  readonly now: () => number;
  /** Called when a command has begun that goes on. */
  readonly begun: () => void;
  readonly secrets: Secrets;
  readonly consoles: Consoles;
  readonly log: Log;
}

export function createHandling({ database, members, now, begun, secrets, consoles, log }: HandlingParts): Handling {
  const doWork = createWork(database, now, begun);
  const workerOf = (request: FastifyRequest, reply: FastifyReply): Worker => {
    const { principal } = callerOf(request);
    return { userId: principal.userId, userName: loginName(principal), correlationId: correlationOf(reply) };
  };

  return {
    members,

    entity(request, reply, type) {
      const body = request.body as Body | undefined | null;
      if (body === undefined || body === null) return {};
      const ignored = new Set<string>();
      const entity = parseEntity(types, type, body.text, body.form, (path) => {
        if (ignored.size <= named.most) ignored.add(path.slice(0, named.longest));
      });
      if (ignored.size > 0) {
        log.warning('elements that are not known were ignored', {
          elements: [...ignored].slice(0, named.most).join(' ') + (ignored.size > named.most ? ' ...' : ''),
          method: request.method,
          path: request.url.split('?', 1)[0],
          correlation: correlationOf(reply),
        });
      }
      return entity;
    },

    async seen(request, place, id) {
      const asker = seeing(askerOf(request));
      await members.needParent(place, asker);
      const found = await members.find(place, id, asker, wantsAllContent(request));
      if (found === null) throw notFound();
      return found;
    },

    async change(request, reply, collection, { permit, settles, work }, read) {
      const worker = workerOf(request, reply);
      await doWork.needPermit(permit, worker);
      const place = placeOf(collection, request);
      const asks = asksOf(request);
      const occasion = {
        database,
        members,
        asker: askerOf(request),
        worker,
        place,
        id: idOf(request),
        entity: read(),
        asks,
        secrets,
        consoles,
        parameter: (name: string) => parameter(request, name, null),
      };
      const wanted = await work(occasion);
      const done = await doWork({ ...wanted, permit }, worker);
      if (settles === true && wanted.begins !== undefined && !flag(request, 'async')) await settled(database, request, done);
      return done;
    },
  };
}
