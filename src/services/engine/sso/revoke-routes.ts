import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../../frame/log.ts';
import type { Audit } from '../audit.ts';
import { allFieldsOf } from '../http/fields.ts';
import type { RequireClient } from './client-credentials.ts';
import type { Notify } from './notices.ts';
import { OAuthError } from './oauth-error.ts';
import { oauthFields, oauthRoute, required, sendError, sendJson } from './oauth-request.ts';
import { loginName, type Principal } from './principals.ts';
import { areRegistered, revokeAllScope, splitScope } from './scopes.ts';
import type { Sessions } from './sessions.ts';

export interface RevokeParts {
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly requireClient: RequireClient;
  readonly notify: Notify;
  readonly log: Log;
}

/**
 * Ends tokens: for registered clients, and for SDKs, which have no client secret but the token itself. With `revoke-all` the
 * whole login ends; without it, the token of the client that asks, and nothing for anybody else's. Unknown tokens are no error.
 */
export function revokeRoutes(app: FastifyInstance, { sessions, audit, requireClient, notify, log }: RevokeParts): void {
  async function noteEnd(request: FastifyRequest, ended: Principal | null, tokens: readonly string[]): Promise<object> {
    if (ended !== null) {
      notify(tokens);
      await audit({ event: 'logout', userName: loginName(ended), userId: ended.userId, source: request.ip, correlationId: null });
    }
    return {};
  }

  oauthRoute(app, log, 'oauth/revoke', async (request) => {
    const fields = oauthFields(request);
    const client = await requireClient(request, fields);
    const scopes = splitScope(required(fields, 'scope'));
    if (!areRegistered(scopes, client.scopes)) throw new OAuthError('invalid_scope', 'The scope is not one the client may use.');
    const token = required(fields, 'token');
    if (scopes.includes(revokeAllScope)) {
      const ended = await sessions.endAll(token, 'token');
      return noteEnd(request, ended?.principal ?? null, ended?.tokens ?? []);
    }
    const session = await sessions.use(token, 'token');
    // Tokens of SDKs name no client; they are the engine's own business, as those of trusted clients are.
    const own = session !== null && (session.clientId === client.id || (session.clientId === null && client.trusted));
    return noteEnd(request, own ? await sessions.end(token, 'token') : null, [token]);
  });

  app.post('/ovirt-engine/services/sso-logout', {
    config: { access: 'public' },
    handler: async (request, reply) => {
      const token = required(allFieldsOf(request), 'token');
      return sendJson(reply, await noteEnd(request, await sessions.end(token, 'token'), [token]));
    },
    errorHandler: (error, request, reply) => {
      sendError(error, request, reply, log);
    },
  });
}
