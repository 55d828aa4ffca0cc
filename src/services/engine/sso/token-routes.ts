import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../../frame/log.ts';
import { allFieldsOf, type Fields, one } from '../http/fields.ts';
import { basicGrant, clientGrant, codeGrant, type Grant, type Granted, type GrantParts, httpGrant, passwordGrant } from './grants.ts';
import { OAuthError } from './oauth-error.ts';
import { oauthFields, oauthRoute, required, sendJson } from './oauth-request.ts';
import type { OpenId } from './openid.ts';
import { openidScope, splitScope } from './scopes.ts';

export interface TokenParts extends GrantParts {
  readonly openId: OpenId;
  readonly log: Log;
}

const grants: Readonly<Record<string, Grant>> = {
  password: passwordGrant,
  authorization_code: codeGrant,
  client_credentials: clientGrant,
};

/** Tokens, and the notice that all this is there. */
export function tokenRoutes(app: FastifyInstance, parts: TokenParts): void {
  oauthRoute(app, parts.log, 'oauth/token', (request) => answer(request, oauthFields(request), parts, grants));
  oauthRoute(app, parts.log, 'oauth/token-http-auth', (request) =>
    answer(request, oauthFields(request), parts, { [httpGrant]: basicGrant }),
  );
  // Libraries of OpenID send whatever Accept they like.
  oauthRoute(app, parts.log, 'openid/token', (request) => answer(request, allFieldsOf(request), parts, grants));
  app.get('/ovirt-engine/sso/status', { config: { access: 'public' } }, async (_request, reply) =>
    sendJson(reply, { status: 'active', status_description: 'SSO Webapp Deployed', version: '0' }),
  );
}

async function answer(
  request: FastifyRequest,
  fields: Fields,
  parts: TokenParts,
  known: Readonly<Record<string, Grant>>,
): Promise<Readonly<Record<string, unknown>>> {
  const type = required(fields, 'grant_type');
  const grant = Object.hasOwn(known, type) ? known[type] : undefined;
  if (grant === undefined) {
    throw new OAuthError('unsupported_grant_type', `The grant types here are ${Object.keys(known).join(', ')}.`);
  }
  const granted = await grant(request, fields, parts);
  return { ...describe(granted), ...(await identity(granted, fields, parts)) };
}

const describe = ({ token, scope, validTo }: Granted) => ({
  access_token: token,
  scope,
  exp: String(validTo.getTime()),
  token_type: 'bearer',
});

/** The token that tells an OpenID client who logged in, for whoever asked for it with a client of its own. */
async function identity({ token, scope, validTo, nonce }: Granted, fields: Fields, { sessions, openId, now }: TokenParts): Promise<object> {
  if (!splitScope(scope).includes(openidScope) || one(fields, 'grant_type') !== 'authorization_code') return {};
  const session = await sessions.use(token, 'token');
  if (session === null || session.clientId === null) throw new OAuthError('invalid_grant', 'The login has ended meanwhile.');
  return {
    expires_in: Math.floor((validTo.getTime() - now()) / 1000),
    id_token: await openId.idToken(session, session.clientId, nonce),
  };
}
