import type { FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { parseBasic } from '../http/basic-credentials.ts';
import { type Fields, one } from '../http/fields.ts';
import { type Client, findClient } from './clients.ts';
import { createCredentialDigest } from './credential-digest.ts';
import { networkOf } from './network.ts';
import { OAuthError } from './oauth-error.ts';
import { dummyHash, matchesHash } from './password-hash.ts';
import { createPasswordQueue } from './password-queue.ts';

/**
 * The registered client that sends a request, by `client_id` and `client_secret` or by HTTP Basic. Throws an OAuthError that
 * does not tell which of the two was wrong, and a Refusal when too many ask at once.
 */
export type RequireClient = (request: FastifyRequest, fields: Fields) => Promise<Client>;

const keepMs = 60_000;
const most = 100;

/**
 * Makes the check. Secrets are hashed slowly, so whoever was right is remembered for a minute under a keyed digest of the
 * secret and of what the table says about it; a client that was removed or changed is out at once.
 */
export function createRequireClient(database: Database, now: () => number): RequireClient {
  const queued = createPasswordQueue({ atOnce: 2, waiting: 32, perSource: { atOnce: 1, waiting: 8 } });
  const digest = createCredentialDigest();
  const proven = new Map<string, number>();

  async function fits(secret: string, hash: string, source: string, id: string): Promise<boolean> {
    const key = digest({ user: hash, password: secret });
    if ((proven.get(key) ?? 0) > now()) return true;
    const right = await queued({ source, name: id }, () => matchesHash(hash, secret).catch(() => false));
    if (right) {
      proven.delete(key);
      const [oldest] = proven.keys();
      if (proven.size >= most && oldest !== undefined) proven.delete(oldest);
      proven.set(key, now() + keepMs);
    }
    return right;
  }

  return async (request, fields) => {
    const basic = parseBasic(request.headers.authorization);
    const id = one(fields, 'client_id') ?? basic?.user ?? '';
    const secret = one(fields, 'client_secret') ?? basic?.password ?? '';
    const refusal = new OAuthError('unauthorized_client', 'The client is unknown or its secret is wrong.');
    if (id === '' || id.length > 128 || secret === '' || secret.length > 1024) throw refusal;
    const client = await findClient(database, id);
    const right = await fits(secret, client?.secretHash ?? dummyHash, networkOf(request.ip), id);
    if (client === null || !right) throw refusal;
    return client;
  };
}
