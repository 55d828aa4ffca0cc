import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { callerOf } from '../http/access.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { loginName } from '../sso/principals.ts';
import { sendEntity, sendList } from './answer.ts';
import { flag, isFiltered, parameter, wholeNumber } from './api-request.ts';
import { types } from './api-types.ts';
import { parseEntity } from './body.ts';
import type { Asker, Collection, Occasion, Place, Special, SpecialChange } from './collections/collection.ts';
import { collections } from './collections/index.ts';
import { follow } from './follow.ts';
import { createMembers, pathOf } from './members.ts';
import { adding, changing, removing } from './store.ts';
import { apiPath } from './target.ts';
import type { Entity } from './types.ts';
import { createWork, type Done } from './work.ts';

interface Params {
  readonly parent?: string;
  readonly id?: string;
}

/** The body of a request, as the server hands it on. */
export interface Body {
  readonly form: 'xml' | 'json';
  readonly text: string;
}

const listName = ({ list, type }: Collection): string => list ?? `${type}s`;

/** How members of a collection are changed: by something special, or as rows of its table. */
function changesOf(collection: Collection): Special {
  const { store, special = {} } = collection;
  return {
    ...(store?.add === undefined
      ? {}
      : { add: { permit: store.add.permit, work: ({ entity, members, asker }) => adding(collection, store, entity, members, asker) } }),
    ...(store?.update === undefined
      ? {}
      : {
          update: {
            permit: store.update.permit,
            work: ({ database, id, entity, members, asker }) => changing(database, store, id, entity, members, asker),
          },
        }),
    ...(store?.remove === undefined
      ? {}
      : { remove: { permit: store.remove.permit, work: ({ database, id }) => removing(database, store, id) } }),
    ...special,
  };
}

/** What bodies are written in, by their content types. */
const bodies = { xml: ['application/xml', 'text/xml'], json: ['application/json'] } as const;

/** The routes of all collections: lists, members, and the changes that each allows. */
export function collectionRoutes(app: FastifyInstance, database: Database, now: () => number): void {
  // In a context of their own: nothing else of the engine takes XML or JSON.
  void app.register(async (api) => {
    for (const [form, types] of Object.entries(bodies)) {
      api.addContentTypeParser([...types], { parseAs: 'string' }, (_request, body, done) => done(null, { form, text: body.toString() }));
    }
    addRoutes(api, database, now);
  });
}

function addRoutes(app: FastifyInstance, database: Database, now: () => number): void {
  const members = createMembers(database);
  const doWork = createWork(database, now);

  const askerOf = (request: FastifyRequest): Asker => {
    const { userId, administrator } = callerOf(request).principal;
    return { userId, administrator, filtered: isFiltered(request) };
  };
  const workerOf = (request: FastifyRequest, reply: FastifyReply) => {
    const { principal } = callerOf(request);
    return { userId: principal.userId, userName: loginName(principal), correlationId: String(reply.getHeader('correlation-id')) };
  };
  const entityOf = (request: FastifyRequest, type: string): Entity => {
    const body = request.body as Body | undefined | null;
    if (body === undefined || body === null) return {};
    return parseEntity(types, type, body.text, body.form);
  };

  for (const collection of collections) {
    const { below, rel, type } = collection;
    const url = below === undefined ? `${apiPath}/${rel}` : `${apiPath}/${below.rel}/:parent/${rel}`;
    const options = { config: { access: 'api' as const } };
    const placeOf = ({ params }: FastifyRequest): Place => ({ collection, parent: (params as Params).parent ?? null });
    const idOf = ({ params }: FastifyRequest): string => (params as Params).id ?? '';
    const whole = async (request: FastifyRequest, asker: Asker, entities: readonly Entity[]): Promise<readonly Entity[]> => {
      const names = parameter(request, 'follow', null);
      return names === null ? entities : follow(members, asker, rel, type, entities, names);
    };
    /** A single member may be seen without the parameter filter, if it may be seen at all. */
    const seen = async (request: FastifyRequest, place: Place, id: string): Promise<Entity> => {
      const asker = askerOf(request);
      await members.needParent(place, asker.administrator ? asker : { ...asker, filtered: true });
      const found = await members.find(place, id, asker.administrator ? asker : { ...asker, filtered: true });
      if (found === null) throw notFound();
      return found;
    };

    app.get(url, options, async (request, reply) => {
      const asker = askerOf(request);
      const place = placeOf(request);
      await members.needParent(place, asker.administrator ? asker : { ...asker, filtered: true });
      const found = await members.list(place, asker, {
        search: parameter(request, 'search', null),
        caseSensitive: flag(request, 'case_sensitive'),
        max: wholeNumber(request, 'max'),
        from: wholeNumber(request, 'from'),
      });
      return sendList(request, reply, type, listName(collection), await whole(request, asker, found));
    });

    app.get(`${url}/:id`, options, async (request, reply) => {
      const found = await seen(request, placeOf(request), idOf(request));
      const [entity] = await whole(request, askerOf(request), [found]);
      return sendEntity(request, reply, type, entity as Entity);
    });

    const { add, update, remove } = changesOf(collection);
    /** Asks for the permit before anything of the request is looked into, then does the work. */
    const change = async (
      request: FastifyRequest,
      reply: FastifyReply,
      { permit, work }: SpecialChange,
      type: string | null,
    ): Promise<Done> => {
      const worker = workerOf(request, reply);
      await doWork.needPermit(permit, worker);
      const entity = type === null ? {} : entityOf(request, type);
      return doWork({ ...(await work(occasion(request, entity))), permit }, worker);
    };
    const occasion = (request: FastifyRequest, entity: Entity): Occasion => {
      const asker = askerOf(request);
      return { database, members, asker, place: placeOf(request), id: idOf(request), entity };
    };

    if (add !== undefined) {
      app.post(url, options, async (request, reply) => {
        const place = placeOf(request);
        const asker = askerOf(request);
        await members.needParent(place, asker.administrator ? asker : { ...asker, filtered: true });
        const { id } = await change(request, reply, add, type);
        const found = await members.find(place, id, { ...asker, administrator: true, filtered: false });
        if (found === null) throw new Refusal(409, 'It was added, and is gone already.');
        return sendEntity(request, reply.code(201).header('location', found.href ?? pathOf(place)), type, found);
      });
    }
    if (update !== undefined) {
      app.put(`${url}/:id`, options, async (request, reply) => {
        const place = placeOf(request);
        await seen(request, place, idOf(request));
        const { id } = await change(request, reply, update, type);
        return sendEntity(request, reply, type, await seen(request, place, id));
      });
    }
    if (remove !== undefined) {
      app.delete(`${url}/:id`, options, async (request, reply) => {
        await seen(request, placeOf(request), idOf(request));
        const { job } = await change(request, reply, remove, null);
        return sendEntity(request, reply, 'action', { job: { id: job, href: `${apiPath}/jobs/${job}` }, status: 'complete' });
      });
    }

    for (const [name, act] of Object.entries(collection.actions ?? {})) {
      app.post(`${url}/:id/${name}`, options, async (request, reply) => {
        await seen(request, placeOf(request), idOf(request));
        const { job } = await change(request, reply, act, 'action');
        return sendEntity(request, reply, 'action', { job: { id: job, href: `${apiPath}/jobs/${job}` }, status: 'complete' });
      });
    }
  }
}
