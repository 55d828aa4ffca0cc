import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readCookie, setCookie } from '../http/cookies.ts';

/** The cookie that ties a form to the browser it was made for, while nobody is logged in there. */
const formCookie = '__Secure-engine-login';

/** The cookie a browser sent, or an empty text. */
export function formCookieOf(request: FastifyRequest): string {
  const cookie = readCookie(request.headers.cookie, formCookie) ?? '';
  return /^[\w-]{43}$/.test(cookie) ? cookie : '';
}

/** The cookie of a browser, which gets one with this answer if it has none. */
export function ensureFormCookie(request: FastifyRequest, reply: FastifyReply): string {
  const known = formCookieOf(request);
  if (known !== '') return known;
  const cookie = randomBytes(32).toString('base64url');
  reply.header('set-cookie', setCookie(formCookie, cookie));
  return cookie;
}
