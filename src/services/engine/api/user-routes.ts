import type { FastifyInstance } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { callerOf } from '../http/access.ts';
import { notFound } from '../http/refusal.ts';
import { type Attributes, readAttributes } from '../sso/accounts.ts';
import { type Principal, principalById } from '../sso/principals.ts';
import { sendEntity } from './answer.ts';
import { apiPath } from './target.ts';
import type { Entity } from './types.ts';

/** A single user: everybody may see the own one, administrators all. */
export function userRoutes(app: FastifyInstance, database: Database): void {
  app.get<{ Params: { id: string } }>(`${apiPath}/users/:id`, { config: { access: 'api' } }, async (request, reply) => {
    const { id } = request.params;
    const caller = callerOf(request).principal;
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw notFound();
    // To others a user that may not be seen does not exist.
    if (!caller.administrator && caller.userId !== id.toLowerCase()) throw notFound();
    const user = await principalById(database, id);
    if (user === null) throw notFound();
    return sendEntity(request, reply, 'user', describeUser(user, await readAttributes(database, user.externalId)));
  });
}

function describeUser(user: Principal, { firstName, lastName, email }: Attributes): Entity {
  return {
    id: user.userId,
    href: `${apiPath}/users/${user.userId}`,
    name: firstName ?? user.username,
    domain: { name: user.domain },
    domain_entry_id: user.externalId,
    email,
    last_name: lastName,
    namespace: user.namespace,
    principal: user.username,
    user_name: `${user.username}@${user.domain}`,
  };
}
