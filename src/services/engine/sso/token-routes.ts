import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../../frame/log.ts';
import { one } from '../http/fields.ts';
import type { Authenticate } from './authenticate.ts';
import { OAuthError } from './oauth-error.ts';
import { oauthFields, oauthRoute, required, sendJson } from './oauth-request.ts';
import { areRegistered, grantedScope, splitScope } from './scopes.ts';
import type { Sessions } from './sessions.ts';

export interface TokenParts {
  readonly sessions: Sessions;
  readonly authenticate: Authenticate;
  readonly tokenIdleSeconds: number;
  readonly log: Log;
}

/** Tokens for a name and a password, and the notice that all this is there. */
export function tokenRoutes(app: FastifyInstance, parts: TokenParts): void {
  oauthRoute(app, parts.log, 'token', (request) => grant(request, parts));
  app.get('/ovirt-engine/sso/status', { config: { access: 'public' } }, async (_request, reply) =>
    sendJson(reply, { status: 'active', status_description: 'SSO Webapp Deployed', version: '0' }),
  );
}

async function grant(request: FastifyRequest, { sessions, authenticate, tokenIdleSeconds }: TokenParts): Promise<object> {
  const fields = oauthFields(request);
  if (required(fields, 'grant_type') !== 'password') {
    throw new OAuthError('unsupported_grant_type', 'Only the grant type password is supported.');
  }
  const asked = splitScope(required(fields, 'scope'));
  // Logging in for somebody else needs no password of theirs, so it must never be had through this grant.
  if (!areRegistered(asked) || asked.includes('ovirt-ext=token:login-on-behalf')) {
    throw new OAuthError('invalid_scope', 'The scope is not one that can be granted.');
  }
  const outcome = await authenticate({
    user: required(fields, 'username'),
    password: one(fields, 'password') ?? '',
    source: request.ip,
    correlationId: null,
  });
  if ('refusal' in outcome) throw new OAuthError('access_denied', outcome.refusal);
  const scope = grantedScope(asked);
  const { token, validTo } = await sessions.create({
    kind: 'token',
    userId: outcome.principal.userId,
    scope,
    idleSeconds: tokenIdleSeconds,
  });
  return { access_token: token, scope, exp: String(validTo.getTime()), token_type: 'bearer' };
}
