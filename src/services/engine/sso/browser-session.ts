import type { FastifyRequest } from 'fastify';
import { readCookie } from '../http/cookies.ts';
import type { LiveSession, Sessions } from './sessions.ts';

/** The cookie that holds a browser's session token. */
export const sessionCookie = '__Secure-engine-session';

/** The session token a browser sent, or an empty text. */
export const sessionToken = (request: FastifyRequest): string => readCookie(request.headers.cookie, sessionCookie) ?? '';

/** The live session of a browser, or null. */
export const browserSession = (request: FastifyRequest, sessions: Sessions): Promise<LiveSession | null> =>
  sessions.use(sessionToken(request), 'session');
