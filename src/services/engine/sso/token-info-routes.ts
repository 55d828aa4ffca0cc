import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import { one } from '../http/fields.ts';
import type { SsoClient } from '../settings.ts';
import { readAttributes } from './accounts.ts';
import type { RequireClient } from './client-credentials.ts';
import { groupsOf } from './directory.ts';
import { OAuthError } from './oauth-error.ts';
import { oauthFields, oauthRoute, required } from './oauth-request.ts';
import { loginName } from './principals.ts';
import { areRegistered, publicSearchScope, searchScope, splitScope, validateScope } from './scopes.ts';
import type { LiveService, Sessions, StoredSession } from './sessions.ts';
import { answerQuery } from './token-info-queries.ts';
import { list, map } from './typed.ts';

export interface TokenInfoParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly requireClient: RequireClient;
  readonly client: SsoClient;
  readonly log: Log;
}

/** Tells whether a token is alive; to registered clients also whose it is, and what they ask of the directory. */
export function tokenInfoRoutes(app: FastifyInstance, parts: TokenInfoParts): void {
  oauthRoute(app, parts.log, 'oauth/token-info', (request) => inform(request, parts));
}

async function inform(request: FastifyRequest, parts: TokenInfoParts): Promise<object> {
  const { database, sessions, requireClient, client: ourClient } = parts;
  const fields = oauthFields(request);
  const scopes = splitScope(one(fields, 'scope') ?? '');
  if (scopes.includes(validateScope)) {
    await live(sessions, required(fields, 'token'));
    return {};
  }
  const client = await requireClient(request, fields);
  if (!areRegistered(scopes, client.scopes)) throw new OAuthError('invalid_scope', 'The scope is not one the client may use.');
  const withToken = scopes.includes(searchScope);
  if (withToken || scopes.includes(publicSearchScope)) {
    const type = required(fields, 'query_type');
    if (withToken) await live(sessions, required(fields, 'token'));
    return answerQuery(type, fields, withToken, parts);
  }
  const found = await live(sessions, required(fields, 'token'));
  return 'principal' in found ? ofUser(found, database, ourClient.id) : ofService(found);
}

async function live(sessions: Sessions, token: string): Promise<StoredSession | LiveService> {
  const session = (await sessions.use(token, 'token')) ?? (await sessions.useService(token));
  if (session === null) throw new OAuthError('invalid_grant', 'The token is unknown or no longer valid.');
  return session;
}

async function ofUser({ principal, scope, validTo, clientId }: StoredSession, database: Database, ourClient: string): Promise<object> {
  const [attributes, groups] = await Promise.all([
    readAttributes(database, principal.externalId),
    groupsOf(database, [principal.externalId], 'nested'),
  ]);
  return {
    active: true,
    token_type: 'bearer',
    client_id: clientId ?? ourClient,
    user_id: loginName(principal),
    user_authz: principal.domain,
    scope,
    exp: String(validTo.getTime()),
    ovirt: map({
      version: '0',
      principal_id: principal.externalId,
      email: attributes.email,
      namespace: principal.namespace,
      first_name: attributes.firstName,
      last_name: attributes.lastName,
      group_ids: list(groups.get(principal.externalId) ?? []),
      capability_credentials_change: true,
    }),
  };
}

const ofService = ({ clientId, scope, validTo }: LiveService): object => ({
  active: true,
  token_type: 'bearer',
  client_id: clientId,
  scope,
  exp: String(validTo.getTime()),
});
