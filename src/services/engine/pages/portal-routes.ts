import type { FastifyInstance, FastifyRequest } from 'fastify';
import { one, queryOf } from '../http/fields.ts';
import { identityScope, splitScope } from '../sso/scopes.ts';
import type { Pages } from './pages.ts';

const welcome = '/ovirt-engine/';
const loginForm = '/ovirt-engine/sso/login.html';
const logout = '/ovirt-engine/logout';

/** The portals that people and their bookmarks look for. This version has neither. */
const portals = [
  { path: '/ovirt-engine/webadmin', name: 'Administration Portal' },
  { path: '/ovirt-engine/web-ui', name: 'VM Portal' },
] as const;

/**
 * The addresses that logins lead through, for the welcome page and the portals. A login by way of the engine's own client ends at one
 * of the callbacks, and whoever lands at a portal is told that it is not there. Every redirect leads to a page of this host.
 */
export function portalRoutes(app: FastifyInstance, pages: Pages): void {
  const redirect = (url: string, target: (request: FastifyRequest) => string): void => {
    app.get(url, { config: { access: 'public' } }, async (request, reply) => reply.redirect(target(request), 303));
  };

  for (const { path, name } of portals) {
    for (const url of [path, `${path}/`]) {
      app.get(url, { config: { access: 'public' } }, async (_request, reply) =>
        pages.send(reply.code(404), 'problem', {
          heading: name,
          message: `This version of the engine has no ${name}. What it has is listed on the start page.`,
        }),
      );
    }
    redirect(`${path}/sso/login`, () => loginForm);
    redirect(`${path}/sso/logout`, () => logout);
    redirect(`${path}/sso/oauth2-callback`, landing);
  }
  redirect('/ovirt-engine/oauth2-callback', landing);
  // Who only wants to know who is logged in sees it on the welcome page and is never asked.
  redirect('/ovirt-engine/login', (request) =>
    splitScope(one(queryOf(request), 'scope') ?? '').includes(identityScope) ? welcome : loginForm,
  );
  redirect('/ovirt-engine/switch-user', () => logout);
}

/**
 * Where a login that is over goes on. The code is not exchanged: our pages know the session of the browser itself, and a code that
 * nobody brings expires within a minute. Of an address to land at only the path counts, so it cannot lead to another host.
 */
function landing(request: FastifyRequest): string {
  const query = queryOf(request);
  const error = one(query, 'error');
  if (error !== null) return `${welcome}?error=${/^[a-z_]{1,40}$/.test(error) ? error : 'server_error'}`;
  const url = URL.parse(one(query, 'app_url') ?? '');
  return url?.pathname.startsWith(welcome) === true ? `${url.pathname}${url.search}` : welcome;
}
