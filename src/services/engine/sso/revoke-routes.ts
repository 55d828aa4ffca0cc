import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../../frame/log.ts';
import type { Audit } from '../audit.ts';
import { allFieldsOf } from '../http/fields.ts';
import type { SsoClient } from '../settings.ts';
import { requireClient } from './client-credentials.ts';
import { OAuthError } from './oauth-error.ts';
import { oauthFields, oauthRoute, required, sendError, sendJson } from './oauth-request.ts';
import { loginName } from './principals.ts';
import { areRegistered, splitScope } from './scopes.ts';
import type { Sessions } from './sessions.ts';

export interface RevokeParts {
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly client: SsoClient;
  readonly log: Log;
}

/**
 * Ends tokens: for our client, and for SDKs, which have no client secret but the token itself. Since no other client
 * can be attached to a token, both end it whether or not `revoke-all` is among the scopes. Unknown tokens are no error.
 */
export function revokeRoutes(app: FastifyInstance, { sessions, audit, client, log }: RevokeParts): void {
  async function revoke(request: FastifyRequest, token: string): Promise<object> {
    const ended = await sessions.end(token, 'token');
    if (ended !== null) {
      await audit({ event: 'logout', userName: loginName(ended), userId: ended.userId, source: request.ip, correlationId: null });
    }
    return {};
  }

  oauthRoute(app, log, 'revoke', async (request) => {
    const fields = oauthFields(request);
    requireClient(request, fields, client);
    if (!areRegistered(splitScope(required(fields, 'scope')))) {
      throw new OAuthError('invalid_scope', 'The scope is not one the client may use.');
    }
    return revoke(request, required(fields, 'token'));
  });

  app.post('/ovirt-engine/services/sso-logout', {
    config: { access: 'public' },
    handler: async (request, reply) => sendJson(reply, await revoke(request, required(allFieldsOf(request), 'token'))),
    errorHandler: (error, request, reply) => {
      sendError(error, request, reply, log);
    },
  });
}
