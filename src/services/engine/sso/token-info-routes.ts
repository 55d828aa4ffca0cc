import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import { one } from '../http/fields.ts';
import type { SsoClient } from '../settings.ts';
import { readAttributes } from './accounts.ts';
import { requireClient } from './client-credentials.ts';
import { OAuthError } from './oauth-error.ts';
import { oauthFields, oauthRoute, required } from './oauth-request.ts';
import { loginName } from './principals.ts';
import { searchScopes, splitScope, validateScope } from './scopes.ts';
import type { LiveSession, Sessions } from './sessions.ts';

export interface TokenInfoParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly client: SsoClient;
  readonly log: Log;
}

/** Tells whether a token is alive, and to our client also whose it is. */
export function tokenInfoRoutes(app: FastifyInstance, parts: TokenInfoParts): void {
  oauthRoute(app, parts.log, 'token-info', (request) => inform(request, parts));
}

async function inform(request: FastifyRequest, { database, sessions, client }: TokenInfoParts): Promise<object> {
  const fields = oauthFields(request);
  const scopes = splitScope(one(fields, 'scope') ?? '');
  if (scopes.includes(validateScope)) {
    await liveSession(sessions, required(fields, 'token'));
    return {};
  }
  requireClient(request, fields, client);
  if (searchScopes.some((scope) => scopes.includes(scope))) {
    required(fields, 'query_type');
    throw new OAuthError('invalid_request', 'This query_type is not known.');
  }
  const session = await liveSession(sessions, required(fields, 'token'));
  return introspection(session, await readAttributes(database, session.principal.externalId), client.id);
}

async function liveSession(sessions: Sessions, token: string): Promise<LiveSession> {
  const session = await sessions.use(token, 'token');
  if (session === null) throw new OAuthError('invalid_grant', 'The token is unknown or no longer valid.');
  return session;
}

type Attributes = Awaited<ReturnType<typeof readAttributes>>;

/** Maps and lists below `ovirt` are pairs of a type name and a value, because consumers index them that way. */
function introspection({ principal, scope, validTo }: LiveSession, attributes: Attributes, clientId: string): object {
  return {
    active: true,
    token_type: 'bearer',
    client_id: clientId,
    user_id: loginName(principal),
    user_authz: principal.domain,
    scope,
    exp: String(validTo?.getTime() ?? '9223372036854775807'),
    ovirt: [
      'java.util.HashMap',
      {
        version: '0',
        principal_id: principal.externalId,
        email: attributes.email,
        namespace: principal.namespace,
        first_name: attributes.firstName,
        last_name: attributes.lastName,
        group_ids: ['java.util.ArrayList', []],
        // There is no page yet on which users could change their passwords.
        capability_credentials_change: false,
      },
    ],
  };
}
