import type { FastifyInstance, FastifyRequest } from 'fastify';
import { errorFields } from '../../frame/log.ts';
import { Refusal } from '../http/refusal.ts';
import { actionRoutes, jobOf } from './action-routes.ts';
import { sendEntity } from './answer.ts';
import { flag, parameter, wholeNumber } from './api-request.ts';
import { type Collection, listName, type Place, textOf } from './collections/collection.ts';
import { collections } from './collections/index.ts';
import { changesOf } from './changes.ts';
import { following } from './follow.ts';
import { askerOf, asksOf, createHandling, type Handling, type HandlingParts, idOf, placeOf, seeing, wantsAllContent } from './handling.ts';
import { createMembers, pathOf } from './members.ts';
import { sendList } from './send-list.ts';
import type { Entity } from './types.ts';

/** What bodies are written in, by their content types. */
const bodies = { xml: ['application/xml', 'text/xml'], json: ['application/json'] } as const;

const options = { config: { access: 'api' as const } };

type RouteParts = Omit<HandlingParts, 'members'>;

/** The routes of all collections: lists, members, the changes that each allows, and the actions. */
export function collectionRoutes(app: FastifyInstance, parts: RouteParts): void {
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
      readingRoutes(api, parts, handling, collection, url);
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
  { database, log }: RouteParts,
  { members, seen, change }: Handling,
  collection: Collection,
  url: string,
): void {
  const { type, narrowed, file } = collection;
  /** Of a member, as much as the client asked for. Throws a refusal (400) where it asked to follow what does not exist. */
  const shownTo = (request: FastifyRequest, place: Place): ((entity: Entity) => Entity | Promise<Entity>) => {
    const by = narrowed === undefined ? null : parameter(request, narrowed.parameter, null);
    const narrow = (entity: Entity): Entity => (by === null || narrowed === undefined ? entity : narrowed.to(entity, by));
    const names = parameter(request, 'follow', null);
    if (names === null) return narrow;
    const follow = following(members, askerOf(request), place, names);
    return (entity) => follow(narrow(entity));
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
    return sendList(request, reply, {
      type,
      list: listName(collection),
      blocks: members.blocks(place, asker, wish),
      shown: shownTo(request, place),
      broken: (error) => log.warning('a list was broken off', { list: request.originalUrl.split('?', 1)[0], ...errorFields(error) }),
    });
  });

  app.get(`${url}/:id`, options, async (request, reply) => {
    if (file !== undefined && wantsFile(request, file.mediaType)) {
      await seen(request, placeOf(collection, request), idOf(request));
      const { answer } = await change(request, reply, collection, file.make, () => ({}));
      if (answer === null) return reply.code(204).send();
      return reply.header('content-type', file.mediaType).send(Buffer.from(textOf(answer, file.attribute)));
    }
    const place = placeOf(collection, request);
    const shown = shownTo(request, place);
    return sendEntity(request, reply, type, await shown(await seen(request, place, idOf(request))));
  });
}

/** Whether a media type is asked for by its name. Whoever takes everything gets the usual form. */
const wantsFile = ({ headers }: FastifyRequest, mediaType: string): boolean =>
  (headers.accept ?? '').split(',').some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === mediaType);

function changingRoutes(app: FastifyInstance, { members, seen, change, entity }: Handling, collection: Collection, url: string): void {
  const { type } = collection;
  const { add, update, remove } = changesOf(collection);

  if (add !== undefined) {
    // What is added can be used when it is answered, so 201 is what clients get that expect it, and what others get as well.
    app.post(url, options, async (request, reply) => {
      const place = placeOf(collection, request);
      const asker = askerOf(request);
      await members.needParent(place, seeing(asker));
      const { id } = await change(request, reply, collection, add, () => entity(request, reply, type));
      const found = await members.find(place, id, { ...asker, administrator: true, filtered: false }, wantsAllContent(request));
      if (found === null) throw new Refusal(409, 'It was added, and is gone already.');
      return sendEntity(request, reply.code(201).header('location', found.href ?? pathOf(place)), type, found);
    });
  }
  if (update !== undefined) {
    app.put(`${url}/:id`, options, async (request, reply) => {
      const place = placeOf(collection, request);
      await seen(request, place, idOf(request));
      const { id } = await change(request, reply, collection, update, () => entity(request, reply, type));
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
