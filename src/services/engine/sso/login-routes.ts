import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { readCookie, setCookie } from '../http/cookies.ts';
import { formOf, one } from '../http/fields.ts';
import { Refusal } from '../http/refusal.ts';
import { readNumber } from '../options.ts';
import type { Pages } from '../pages/pages.ts';
import type { Authenticate } from './authenticate.ts';
import { browserSession, sessionCookie, sessionToken } from './browser-session.ts';
import type { FormTokens } from './form-token.ts';
import { internal } from './principals.ts';
import { apiScope, grantedScope } from './scopes.ts';
import type { Sessions } from './sessions.ts';

/** The cookie that ties a login form to the browser it was made for. */
const formCookie = '__Secure-engine-login';
const welcome = '/ovirt-engine/';

export interface LoginParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly authenticate: Authenticate;
  readonly formTokens: FormTokens;
  readonly pages: Pages;
}

/** The login form and what it is sent to. */
export function loginRoutes(app: FastifyInstance, parts: LoginParts): void {
  const { database, sessions, authenticate, formTokens, pages } = parts;

  function showForm(request: FastifyRequest, reply: FastifyReply, status: number, message: string | null, username: string): FastifyReply {
    const known = formCookieOf(request);
    const cookie = known === '' ? randomBytes(32).toString('base64url') : known;
    if (known === '') reply.header('set-cookie', setCookie(formCookie, cookie));
    return pages.send(reply.code(status), 'login', { message, username, formToken: formTokens.issue('login', cookie) });
  }

  app.get('/ovirt-engine/sso/login.html', { config: { access: 'public' } }, async (request, reply) => {
    if ((await browserSession(request, sessions)) !== null) return reply.redirect(welcome, 303);
    return showForm(request, reply, 200, null, '');
  });

  app.post('/ovirt-engine/sso/interactive-login', { config: { access: 'public' } }, async (request, reply) => {
    const form = formOf(request);
    const username = one(form, 'username') ?? '';
    try {
      formTokens.check('login', formCookieOf(request), form, request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return showForm(request, reply, error.status, `${error.message} Please try again.`, username);
    }
    const profile = one(form, 'profile') ?? internal.profile;
    const user = username.endsWith(`@${profile}`) ? username : `${username}@${profile}`;
    const attempt = { user, password: one(form, 'password') ?? '', source: request.ip, correlationId: null };
    const outcome = await authenticate(attempt).catch((error: unknown) => {
      if (error instanceof Refusal) return error;
      throw error;
    });
    if (outcome instanceof Refusal) {
      return showForm(request, reply.headers(outcome.headers), outcome.status, `${outcome.message} Please try again.`, username);
    }
    // 200, since a 401 would have to name a scheme of HTTP authentication and there is none for this form.
    if ('refusal' in outcome) return showForm(request, reply, 200, outcome.refusal, username);

    // Whatever session the browser brought ends here: a token that somebody else planted must not become a login.
    await sessions.end(sessionToken(request), 'session');
    const { token } = await sessions.create({
      kind: 'session',
      userId: outcome.principal.userId,
      scope: grantedScope([apiScope]),
      idleSeconds: Math.ceil((await readNumber(database, 'UserSessionTimeOutInterval')) * 60),
    });
    return reply.header('set-cookie', setCookie(sessionCookie, token)).redirect(welcome, 303);
  });
}

function formCookieOf(request: FastifyRequest): string {
  const cookie = readCookie(request.headers.cookie, formCookie) ?? '';
  return /^[\w-]{43}$/.test(cookie) ? cookie : '';
}
