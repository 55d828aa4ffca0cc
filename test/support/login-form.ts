import type { TestEngine } from './engine.ts';
import { type Answer, type Ask, cookieValue } from './https-client.ts';

export const loginForm = '/ovirt-engine/sso/login.html';
export const loginTarget = '/ovirt-engine/sso/interactive-login';

/** The cookie that ties a login form to the browser. */
export const formCookie = '__Secure-engine-login';

/** The token in the form of a page. */
export const tokenIn = ({ body }: Answer): string => /name="form_token" value="([^"]*)"/.exec(body)?.[1] ?? '';

/** Opens the login form and sends it, as a browser would. */
export async function logIn({ client }: TestEngine, fields: Record<string, string>, { headers, from }: Ask = {}): Promise<Answer> {
  const form = await client(loginForm);
  return client(loginTarget, {
    form: { form_token: tokenIn(form), profile: 'internal', ...fields },
    headers: { cookie: `${formCookie}=${cookieValue(form, formCookie)}`, ...headers },
    ...(from === undefined ? {} : { from }),
  });
}
