import type { FastifyRequest } from 'fastify';
import { parseBasic } from '../http/basic-credentials.ts';
import { type Fields, one } from '../http/fields.ts';
import type { SsoClient } from '../settings.ts';
import { OAuthError } from './oauth-error.ts';
import { sameText } from './same-text.ts';

/**
 * Makes sure that the caller is our registered client, by `client_id` and `client_secret` or by HTTP Basic. Throws an
 * OAuthError that does not tell which of the two was wrong.
 */
export function requireClient(request: FastifyRequest, fields: Fields, client: SsoClient): void {
  const basic = parseBasic(request.headers.authorization);
  const idFits = sameText(one(fields, 'client_id') ?? basic?.user ?? '', client.id);
  const secretFits = sameText(one(fields, 'client_secret') ?? basic?.password ?? '', client.secret);
  if (!idFits || !secretFits) throw new OAuthError('unauthorized_client', 'The client is unknown or its secret is wrong.');
}
