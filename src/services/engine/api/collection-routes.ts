import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { Refusal } from '../http/refusal.ts';
import { actionRoutes, jobOf } from './action-routes.ts';
import { listText, sendEntity, sendList } from './answer.ts';
import { flag, parameter, wholeNumber } from './api-request.ts';
import { type Collection, listName, textOf } from './collections/collection.ts';
import { collections } from './collections/index.ts';
import { changesOf } from './changes.ts';
import { follow } from './follow.ts';
import {
  askerOf,
  asksOf,
  createHandling,
  entityOf,
  type Handling,
  type HandlingParts,
  idOf,
  placeOf,
  seeing,
  wantsAllContent,
} from './handling.ts';
import { createMembers, pathOf } from './members.ts';
import type { Entity } from './types.ts';

/** What bodies are written in, by their content types. */
const bodies = { xml: ['application/xml', 'text/xml'], json: ['application/json'] } as const;

const options = { config: { access: 'api' as const } };

/** The routes of all collections: lists, members, the changes that each allows, and the actions. */
export function collectionRoutes(app: FastifyInstance, parts: Omit<HandlingParts, 'members'>): void {
  const { database } = parts;
  // In a context of their own: nothing else of the engine takes XML or JSON.
  void app.register(async (api) => {
    // And here nothing takes the forms of our pages.
    api.removeAllContentTypeParsers();
    for (const [form, types] of Object.entries(bodies)) {
      api.addContentTypeParser([...types], { parseAs: 'string' }, (_request, body, done) => done(null, { form, text: body.toString() }));
    }
    const handling = createHandling({ ...parts, members: createMembers(database) });
    for (const collection of collections) {
      const { actions = {}, collectionActions = {} } = collection;
      const url = pathOf({ collection, parent: ':parent', above: ':above' });
      readingRoutes(api, database, handling, collection, url);
      changingRoutes(api, handling, collection, url);
      for (const [name, act] of Object.entries(actions)) {
        actionRoutes({ app: api, database, handling, collection, url: `${url}/:id`, name, act });
      }
      for (const [name, act] of Object.entries(collectionActions)) {
        actionRoutes({ app: api, database, handling, collection, url, name, act });
      }
    }
  });
}

function readingRoutes(
  app: FastifyInstance,
  database: Database,
  { members, seen, change }: Handling,
  collection: Collection,
  url: string,
): void {
  const { type, narrowed, file } = collection;
  /** Only as much of a member as the client asked for. */
  const narrow = (request: FastifyRequest): ((entity: Entity) => Entity) => {
    const by = narrowed === undefined ? null : parameter(request, narrowed.parameter, null);
    return by === null || narrowed === undefined ? (entity) => entity : (entity) => narrowed.to(entity, by);
  };

  app.get(url, options, async (request, reply) => {
    const asker = askerOf(request);
    const place = placeOf(collection, request);
    await members.needParent(place, seeing(asker));
    await collection.prepare?.({ database, asks: asksOf(request), parent: place.parent });
    const wish = {
      allContent: wantsAllContent(request),
      search: parameter(request, 'search', null),
      caseSensitive: flag(request, 'case_sensitive'),
      max: wholeNumber(request, 'max'),
      from: wholeNumber(request, 'from'),
    };
    const names = parameter(request, 'follow', null);
    const list = listText(request, type, listName(collection));
    const shown = narrow(request);
    if (names === null) await members.each(place, asker, wish, (entity) => list.add(shown(entity)));
    else {
      const found: Entity[] = [];
      await members.each(place, asker, wish, (entity) => found.push(shown(entity)));
      for (const entity of await follow(members, asker, place, found, names)) list.add(entity);
    }
    return sendList(request, reply, list);
  });

  app.get(`${url}/:id`, options, async (request, reply) => {
    if (file !== undefined && wantsFile(request, file.mediaType)) {
      await seen(request, placeOf(collection, request), idOf(request));
      const { answer } = await change(request, reply, collection, file.make, () => ({}));
      if (answer === null) return reply.code(204).send();
      return reply.header('content-type', file.mediaType).send(Buffer.from(textOf(answer, file.attribute)));
    }
    const place = placeOf(collection, request);
    const found = narrow(request)(await seen(request, place, idOf(request)));
    const names = parameter(request, 'follow', null);
    const [entity] = names === null ? [found] : await follow(members, askerOf(request), place, [found], names);
    return sendEntity(request, reply, type, entity as Entity);
  });
}

/** Whether a media type is asked for by its name. Whoever takes everything gets the usual form. */
const wantsFile = ({ headers }: FastifyRequest, mediaType: string): boolean =>
  (headers.accept ?? '').split(',').some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === mediaType);

function changingRoutes(app: FastifyInstance, { members, seen, change }: Handling, collection: Collection, url: string): void {
  const { type } = collection;
  const { add, update, remove } = changesOf(collection);

  if (add !== undefined) {
    // What is added can be used when it is answered, so 201 is what clients get that expect it, and what others get as well.
    app.post(url, options, async (request, reply) => {
      const place = placeOf(collection, request);
      const asker = askerOf(request);
      await members.needParent(place, seeing(asker));
      const { id } = await change(request, reply, collection, add, () => entityOf(request, type));
      const found = await members.find(place, id, { ...asker, administrator: true, filtered: false }, wantsAllContent(request));
      if (found === null) throw new Refusal(409, 'It was added, and is gone already.');
      return sendEntity(request, reply.code(201).header('location', found.href ?? pathOf(place)), type, found);
    });
  }
  if (update !== undefined) {
    app.put(`${url}/:id`, options, async (request, reply) => {
      const place = placeOf(collection, request);
      await seen(request, place, idOf(request));
      const { id } = await change(request, reply, collection, update, () => entityOf(request, type));
      return sendEntity(request, reply, type, await seen(request, place, id));
    });
  }
  if (remove !== undefined) {
    app.delete(`${url}/:id`, options, async (request, reply) => {
      await seen(request, placeOf(collection, request), idOf(request));
      const done = await change(request, reply, collection, remove, () => ({}));
      return sendEntity(request, reply, 'action', { ...jobOf(done), status: 'complete' });
    });
  }
}
