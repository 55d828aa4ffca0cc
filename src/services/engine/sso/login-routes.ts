import type { FastifyInstance } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { setCookie } from '../http/cookies.ts';
import { formOf, one, queryOf } from '../http/fields.ts';
import { Refusal } from '../http/refusal.ts';
import { readNumber } from '../options.ts';
import type { Authenticate } from './authenticate.ts';
import { readWayBack } from './authorize-request.ts';
import { browserSession, sessionCookie, sessionToken } from './browser-session.ts';
import { formCookieOf } from './form-cookie.ts';
import type { FormTokens } from './form-token.ts';
import type { LoginPages } from './login-pages.ts';
import type { Notify } from './notices.ts';
import { internal } from './principals.ts';
import { apiScope, grantedScope, readDependencies } from './scopes.ts';
import type { Sessions } from './sessions.ts';

const welcome = '/ovirt-engine/';

export interface LoginParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly authenticate: Authenticate;
  readonly notify: Notify;
  readonly formTokens: FormTokens;
  readonly loginPages: LoginPages;
}

/** The login form and what it is sent to. */
export function loginRoutes(app: FastifyInstance, parts: LoginParts): void {
  const { database, sessions, authenticate, notify, formTokens, loginPages } = parts;

  /** Begins a session. A refusal when the user may not have another. */
  async function begin(userId: string): Promise<string | Refusal> {
    const session = {
      kind: 'session',
      userId,
      scope: grantedScope([apiScope], await readDependencies(database)),
      idleSeconds: Math.ceil((await readNumber(database, 'UserSessionTimeOutInterval')) * 60),
    } as const;
    return sessions.create(session).then(({ token }) => token, refusalOr);
  }

  app.get('/ovirt-engine/sso/login.html', { config: { access: 'public' } }, async (request, reply) => {
    const wayBack = readWayBack(one(queryOf(request), 'continue'));
    if ((await browserSession(request, sessions)) !== null) return reply.redirect(wayBack?.address ?? welcome, 303);
    return loginPages.login(request, reply, { username: '', wayBack });
  });

  app.post('/ovirt-engine/sso/interactive-login', { config: { access: 'public' } }, async (request, reply) => {
    const form = formOf(request);
    const username = one(form, 'username') ?? '';
    const wayBack = readWayBack(one(form, 'continue'));
    try {
      formTokens.check('login', formCookieOf(request), form, request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return loginPages.login(request, reply.code(error.status), { message: `${error.message} Please try again.`, username, wayBack });
    }
    const attempt = {
      user: userOf(username, one(form, 'profile')),
      password: one(form, 'password') ?? '',
      source: request.ip,
      correlationId: null,
    };
    const outcome = await authenticate(attempt).catch(refusalOr);
    if (outcome instanceof Refusal) {
      const message = `${outcome.message} Please try again.`;
      return loginPages.login(request, reply.headers(outcome.headers).code(outcome.status), { message, username, wayBack });
    }
    if ('refusal' in outcome) {
      if (outcome.expired === true) return loginPages.change(request, reply, { messages: [outcome.refusal], username, wayBack });
      // 200, since a 401 would have to name a scheme of HTTP authentication and there is none for this form.
      return loginPages.login(request, reply, { message: outcome.refusal, username, wayBack });
    }

    // Whatever session the browser brought ends here: a token that somebody else planted must not become a login.
    notify((await sessions.endAll(sessionToken(request), 'session'))?.tokens ?? []);
    const token = await begin(outcome.principal.userId);
    if (token instanceof Refusal) return loginPages.login(request, reply.code(token.status), { message: token.message, username, wayBack });
    return reply.header('set-cookie', setCookie(sessionCookie, token)).redirect(wayBack?.address ?? welcome, 303);
  });
}

/** A refusal as a value, since the form shows it; anything else that was thrown is thrown on. */
function refusalOr(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

/** The user that a form names, in one field or in two. */
export function userOf(username: string, profile: string | null): string {
  const at = `@${profile ?? internal.profile}`;
  return username.endsWith(at) ? username : `${username}${at}`;
}
