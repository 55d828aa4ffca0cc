import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import type { Door } from '../http/access.ts';
import { readCookie } from '../http/cookies.ts';
import { parseBasic } from '../http/basic-credentials.ts';
import { Refusal } from '../http/refusal.ts';
import type { Authenticate } from '../sso/authenticate.ts';
import { principalByPassword } from '../sso/principals.ts';
import { apiScope, splitScope } from '../sso/scopes.ts';
import type { LiveSession, Sessions } from '../sso/sessions.ts';
import { correlate, requireVersion } from './api-request.ts';
import { createBasicMemory } from './basic-memory.ts';
import { apiPath } from './target.ts';

/** The name that clients of the original know. Scripts of other sites cannot use it: it goes only with requests from our own pages. */
const cookieName = 'JSESSIONID';
const apiCookie = (value: string, maxAge?: number): string =>
  `${cookieName}=${value}; Path=${apiPath}; Secure; HttpOnly; SameSite=Strict${maxAge === undefined ? '' : `; Max-Age=${maxAge}`}`;

/** What a client wants of its session: keep it for later requests, or begin a new one. */
interface Wish {
  readonly keep: boolean;
  readonly afresh: boolean;
}

const wishOf = ({ headers }: FastifyRequest): Wish => {
  const words = [headers['prefer'] ?? []].flat().join(',').toLowerCase().split(/[,;]/);
  const has = (word: string): boolean => words.some((one) => one.trim() === word);
  return { keep: has('persistent-auth'), afresh: has('new-auth') };
};

/** How long a kept session may be idle: as its client says in minutes, at most a day; 180 minutes otherwise. */
function idleSecondsOf({ headers }: FastifyRequest): number {
  const asked = headers['session-ttl'];
  const minutes = typeof asked === 'string' && /^\d{1,6}$/.test(asked) ? Number(asked) : 180;
  return Math.min(Math.max(minutes, 1), 24 * 60) * 60;
}

export interface ApiDoorParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly authenticate: Authenticate;
  readonly now: () => number;
}

/** Lets in who brings a live token for the API, or a name and a password. */
export function createApiDoor({ database, sessions, authenticate, now }: ApiDoorParts): Door {
  const remembered = createBasicMemory<{ userId: string; storedPassword: string }>(now);

  async function byToken(header: string): Promise<LiveSession | null> {
    const token = /^bearer +([\w-]+) *$/i.exec(header)?.[1];
    const session = token === undefined ? null : await sessions.use(token, 'token');
    return session !== null && splitScope(session.scope).includes(apiScope) ? session : null;
  }

  async function byPassword(request: FastifyRequest, header: string, correlationId: string): Promise<LiveSession | null> {
    const credentials = parseBasic(header);
    if (credentials === null) return null;
    const check = async (): Promise<{ userId: string; storedPassword: string } | null> => {
      const outcome = await authenticate({ ...credentials, source: request.ip, correlationId });
      return 'refusal' in outcome ? null : { userId: outcome.principal.userId, storedPassword: outcome.storedPassword };
    };
    // Looked up each time, so that a user who lost the last role or has another password is out at once.
    const principal = await remembered(credentials, check, ({ userId, storedPassword }) =>
      principalByPassword(database, userId, storedPassword),
    );
    return principal === null ? null : { principal, scope: apiScope, validTo: null };
  }

  /** A session that an earlier request has asked to be kept. A request that does not ask for it any more ends it. */
  async function byCookie(request: FastifyRequest, reply: FastifyReply, wish: Wish): Promise<LiveSession | null> {
    const token = readCookie(request.headers.cookie, cookieName);
    if (token === null) return null;
    if (wish.keep && !wish.afresh) return sessions.use(token, 'token');
    await sessions.end(token, 'token');
    reply.header('set-cookie', apiCookie('', 0));
    return null;
  }

  /** Keeps the session of somebody who has just given a password, for requests to come. */
  async function keep(request: FastifyRequest, reply: FastifyReply, { principal, scope }: LiveSession): Promise<void> {
    const { token } = await sessions.create({ kind: 'token', userId: principal.userId, scope, idleSeconds: idleSecondsOf(request) });
    reply.header('set-cookie', apiCookie(token));
  }

  return async (request, reply) => {
    const correlationId = correlate(request, reply);
    const header = request.headers.authorization ?? '';
    const wish = wishOf(request);
    const kept = await byCookie(request, reply, wish);
    const isBasic = /^basic /i.test(header);
    const caller = kept ?? (isBasic ? await byPassword(request, header, correlationId) : await byToken(header));
    if (caller !== null && kept === null && isBasic && wish.keep) await keep(request, reply, caller);
    if (caller === null) {
      throw new Refusal(401, 'The API needs a token or a name and a password.', { 'www-authenticate': 'Basic realm="RESTAPI"' });
    }
    requireVersion(request);
    return caller;
  };
}
