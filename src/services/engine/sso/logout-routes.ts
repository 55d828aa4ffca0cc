import type { FastifyInstance } from 'fastify';
import type { Audit } from '../audit.ts';
import { callerOf } from '../http/access.ts';
import { dropCookie } from '../http/cookies.ts';
import { formOf } from '../http/fields.ts';
import type { Pages } from '../pages/pages.ts';
import { sessionCookie, sessionToken } from './browser-session.ts';
import type { FormTokens } from './form-token.ts';
import type { Notify } from './notices.ts';
import { loginName } from './principals.ts';
import type { Sessions } from './sessions.ts';

export interface LogoutParts {
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly notify: Notify;
  readonly formTokens: FormTokens;
  readonly pages: Pages;
}

/** Logging out: a link leads to a page that asks, and only its form ends the session, with everything that was made from it. */
export function logoutRoutes(app: FastifyInstance, { sessions, audit, notify, formTokens, pages }: LogoutParts): void {
  app.get('/ovirt-engine/logout', { config: { access: 'session' } }, async (request, reply) =>
    pages.send(reply, 'logout', {
      user: loginName(callerOf(request).principal),
      formToken: formTokens.issue('logout', sessionToken(request)),
    }),
  );

  app.post('/ovirt-engine/logout', { config: { access: 'session' } }, async (request, reply) => {
    const token = sessionToken(request);
    formTokens.check('logout', token, formOf(request), request);
    const { principal } = callerOf(request);
    const ended = await sessions.endAll(token, 'session');
    notify(ended?.tokens ?? []);
    await audit({ event: 'logout', userName: loginName(principal), userId: principal.userId, source: request.ip, correlationId: null });
    return reply.header('set-cookie', dropCookie(sessionCookie)).redirect('/ovirt-engine/', 303);
  });
}
