import type { FastifyInstance } from 'fastify';
import type { Log } from '../../frame/log.ts';
import { errorFields } from '../../frame/log.ts';
import { one, queryOf } from '../http/fields.ts';
import { readCertificate } from '../pki/pem.ts';
import { browserSession, sessionToken } from '../sso/browser-session.ts';
import type { FormTokens } from '../sso/form-token.ts';
import { loginName } from '../sso/principals.ts';
import type { LiveSession, Sessions } from '../sso/sessions.ts';
import type { Pages } from './pages.ts';

/** What the page says for `?error=`. Other codes show nothing: an address must not put words on our page. */
const banners: ReadonlyMap<string, string> = new Map([
  ['access_denied', 'Access was denied.'],
  ['invalid_request', 'The request could not be understood.'],
  ['login_required', 'Please log in first.'],
  ['not_authenticated', 'Please log in first.'],
  ['server_error', 'Something went wrong on the server. Please try again.'],
]);

export interface WelcomeParts {
  readonly sessions: Sessions;
  readonly formTokens: FormTokens;
  readonly pages: Pages;
  readonly caCertificate: string;
  readonly databaseUp: () => Promise<boolean>;
  readonly log: Log;
}

/** The welcome page, and the shorter addresses that lead to it. */
export function welcomeRoutes(app: FastifyInstance, parts: WelcomeParts): void {
  for (const url of ['/', '/ovirt-engine']) {
    app.get(url, { config: { access: 'public' } }, async (_request, reply) => reply.redirect('/ovirt-engine/', 302));
  }

  app.get('/ovirt-engine/', { config: { access: 'public' } }, async (request, reply) => {
    const { sessions, formTokens, pages, caCertificate, databaseUp, log } = parts;
    const [database, certificate] = await Promise.all([databaseUp(), readCertificate(caCertificate)]);
    const session: LiveSession | null = database
      ? await browserSession(request, sessions).catch((error: unknown) => {
          // The page must come up while the database does not; nobody counts as logged in then.
          log.warning('the session of a browser could not be read', errorFields(error));
          return null;
        })
      : null;
    return pages.send(reply, 'welcome', {
      banner: banners.get(one(queryOf(request), 'error') ?? '') ?? null,
      user: session === null ? null : loginName(session.principal),
      formToken: session === null ? null : formTokens.issue('logout', sessionToken(request)),
      fingerprint: certificate?.fingerprint256.split(':') ?? null,
      database,
    });
  });
}
