import type { FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import type { Door } from '../http/access.ts';
import { parseBasic } from '../http/basic-credentials.ts';
import { Refusal } from '../http/refusal.ts';
import type { Authenticate } from '../sso/authenticate.ts';
import { principalById } from '../sso/principals.ts';
import { apiScope, grantedScope, splitScope } from '../sso/scopes.ts';
import type { LiveSession, Sessions } from '../sso/sessions.ts';
import { correlate, requireVersion } from './api-request.ts';
import { createBasicMemory } from './basic-memory.ts';

export interface ApiDoorParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly authenticate: Authenticate;
  readonly now: () => number;
}

/** Lets in who brings a live token for the API, or a name and a password. */
export function createApiDoor({ database, sessions, authenticate, now }: ApiDoorParts): Door {
  const remembered = createBasicMemory(now);

  async function byToken(header: string): Promise<LiveSession | null> {
    const token = /^bearer +([\w-]+) *$/i.exec(header)?.[1];
    const session = token === undefined ? null : await sessions.use(token, 'token');
    return session !== null && splitScope(session.scope).includes(apiScope) ? session : null;
  }

  async function byPassword(request: FastifyRequest, header: string, correlationId: string): Promise<LiveSession | null> {
    const credentials = parseBasic(header);
    if (credentials === null) return null;
    const userId = await remembered(credentials, async () => {
      const outcome = await authenticate({ ...credentials, source: request.ip, correlationId });
      return 'refusal' in outcome ? null : outcome.principal.userId;
    });
    // Looked up each time, so that a user who lost the last role is out at once.
    const principal = userId === null ? null : await principalById(database, userId);
    return principal === null ? null : { principal, scope: grantedScope([apiScope]), validTo: null };
  }

  return async (request, reply) => {
    const correlationId = correlate(request, reply);
    const header = request.headers.authorization ?? '';
    const caller = /^basic /i.test(header) ? await byPassword(request, header, correlationId) : await byToken(header);
    if (caller === null) {
      throw new Refusal(401, 'The API needs a token or a name and a password.', { 'www-authenticate': 'Basic realm="RESTAPI"' });
    }
    requireVersion(request);
    return caller;
  };
}
