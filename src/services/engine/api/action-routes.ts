import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { isUuid } from '../../frame/uuid.ts';
import { callerOf } from '../http/access.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { faultOf, sendEntity } from './answer.ts';
import { flag, wantsItDone } from './api-request.ts';
import type { Collection, SpecialChange } from './collections/collection.ts';
import { type Handling, idOf, placeOf } from './handling.ts';
import { apiPath } from './target.ts';
import type { Entity } from './types.ts';
import type { Done } from './work.ts';

/** What an action and a removal answer with: the job that tells of it, where there is one. */
export const jobOf = ({ job }: Done): Entity => (job === null ? {} : { job: { id: job, href: `${apiPath}/jobs/${job}` } });

interface ActionParts {
  readonly app: FastifyInstance;
  readonly database: Database;
  readonly handling: Handling;
  readonly collection: Collection;
  /** The address of what it is done to, as a route. */
  readonly url: string;
  readonly name: string;
  readonly act: SpecialChange;
}

/**
 * The routes of an action: the one that does it, and the one at which whoever did not want to wait looks for what became of it.
 * Actions are done by the time they are answered. A client that asked for `async` is told 202 all the same, since it waits for
 * nothing else, and is sent on from the address of its action to what the action was done to.
 */
export function actionRoutes({ app, database, handling, collection, url, name, act }: ActionParts): void {
  const options = { config: { access: 'api' as const } };
  /** Address of what the action is done to. Throws a refusal (404) where it may not be seen. */
  const object = async (request: FastifyRequest): Promise<string> => {
    const place = placeOf(collection, request);
    const id = idOf(request);
    return id === '' ? url : ((await handling.seen(request, place, id)).href ?? url);
  };

  app.post(`${url}/${name}`, options, async (request, reply) => {
    const href = await object(request);
    let sent: Entity = {};
    try {
      const done = await handling.change(request, reply, collection, act, () => (sent = handling.entity(request, reply, 'action')));
      if (done.answer === null) return await reply.code(204).send();
      const later = (sent['async'] === true || flag(request, 'async')) && !wantsItDone(request);
      const action = { ...repeated(sent), ...jobOf(done), ...done.answer };
      if (!later) return await sendEntity(request, reply, 'action', { ...action, status: 'complete' });
      return await sendEntity(request, reply.code(202), 'action', {
        ...action,
        id: done.step,
        href: `${href}/${name}/${done.step}`,
        links: [
          { href, rel: 'parent' },
          { href: `${href}/${name}`, rel: 'replay' },
        ],
        async: true,
        status: 'in_progress',
      });
    } catch (error) {
      return sendFailed(request, reply, sent, error);
    }
  });

  app.get(`${url}/${name}/:action`, options, async (request, reply) => {
    const href = await object(request);
    const { action } = request.params as { readonly action: string };
    const known = isUuid(action)
      ? await database.query('select from step s join job j using (job_id) where s.step_id = $1 and j.owner_id = $2', [
          action,
          callerOf(request).principal.userId,
        ])
      : [];
    if (known.length === 0) throw notFound();
    return reply.code(301).header('location', href).header('content-length', '0').send();
  });
}

/** What a client sent stands in the answer, too; what only we know is not taken from it, and what nobody else should is not repeated. */
const repeated = ({ id: _id, fault: _fault, job: _job, status: _status, root_password: _password, ssh: _ssh, ...sent }: Entity): Entity =>
  sent;

/** An action that could not be done is answered as one, with the fault in it. Throws on what is no matter of the action. */
function sendFailed(request: FastifyRequest, reply: FastifyReply, sent: Entity, error: unknown): FastifyReply {
  if (!(error instanceof Refusal) || (error.status !== 400 && error.status !== 409)) throw error;
  return sendEntity(request, reply.code(error.status), 'action', { ...repeated(sent), fault: faultOf(error), status: 'failed' });
}
