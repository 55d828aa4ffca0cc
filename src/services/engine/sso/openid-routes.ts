import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import { formOf, one } from '../http/fields.ts';
import { findClient } from './clients.ts';
import { OAuthError } from './oauth-error.ts';
import { sendError, sendJson } from './oauth-request.ts';
import type { OpenId } from './openid.ts';
import { openidScope, splitScope } from './scopes.ts';
import type { Sessions, StoredSession } from './sessions.ts';

export interface OpenIdRouteParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly openId: OpenId;
  readonly log: Log;
}

/** What clients of OpenID find out about us, and about a user. */
export function openIdRoutes(app: FastifyInstance, parts: OpenIdRouteParts): void {
  const { openId, log } = parts;
  const base = `${openId.issuer}/ovirt-engine/sso`;
  const discovery = {
    issuer: openId.issuer,
    authorization_endpoint: `${base}/openid/authorize`,
    token_endpoint: `${base}/openid/token`,
    userinfo_endpoint: `${base}/openid/userinfo`,
    jwks_uri: `${base}/openid/jwks`,
    revocation_endpoint: `${base}/oauth/revoke`,
    end_session_endpoint: `${base}/oauth/revoke`,
    scopes_supported: [openidScope, 'ovirt-app-admin', 'ovirt-app-api', 'ovirt-app-portal'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'client_credentials', 'password'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    userinfo_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'acr',
      'preferred_username',
      'given_name',
      'family_name',
      'email',
    ],
  };
  const route = (
    path: string,
    method: 'GET' | ['GET', 'POST'],
    handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
  ) =>
    app.route({
      method,
      url: `/ovirt-engine/sso/openid/${path}`,
      config: { access: 'public' },
      handler,
      errorHandler: (error, request, reply) => {
        sendError(error, request, reply, log);
      },
    });

  route('.well-known/openid-configuration', 'GET', async (_request, reply) => sendJson(reply, discovery));
  route('jwks', 'GET', async (_request, reply) => sendJson(reply, { keys: [(await openId.key()).jwk] }));
  route('userinfo', ['GET', 'POST'], (request, reply) => userInfo(request, reply, parts));
}

async function userInfo(
  request: FastifyRequest,
  reply: FastifyReply,
  { database, sessions, openId }: OpenIdRouteParts,
): Promise<FastifyReply> {
  const session = await bearer(request, sessions);
  const client = session.clientId === null ? null : await findClient(database, session.clientId);
  const claims = await openId.claims(session);
  if (client?.signedUserInfo !== true) return sendJson(reply, claims);
  return reply.header('content-type', 'application/jwt').send((await openId.key()).sign({ ...claims, aud: client.id }));
}

async function bearer(request: FastifyRequest, sessions: Sessions): Promise<StoredSession> {
  const sent = /^bearer +([\w-]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const token = sent ?? one(formOf(request), 'access_token') ?? '';
  const session = await sessions.use(token, 'token');
  const refuse = (code: 'invalid_token' | 'insufficient_scope', status: number, message: string): OAuthError =>
    new OAuthError(code, message, status, { 'www-authenticate': `Bearer error="${code}"` });
  if (session === null) throw refuse('invalid_token', 401, 'The token is unknown or no longer valid.');
  if (!splitScope(session.scope).includes(openidScope))
    throw refuse('insufficient_scope', 403, 'The token was not granted the scope openid.');
  return session;
}
