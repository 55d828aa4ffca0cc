import type { FastifyInstance } from 'fastify';
import { formOf, one, queryOf } from '../http/fields.ts';
import { Refusal } from '../http/refusal.ts';
import { readWayBack } from './authorize-request.ts';
import type { ChangePassword } from './change-password.ts';
import { formCookieOf } from './form-cookie.ts';
import type { FormTokens } from './form-token.ts';
import type { LoginPages } from './login-pages.ts';
import { userOf } from './login-routes.ts';

/** Where the page is, below the address of the engine. */
export const changePath = '/ovirt-engine/sso/credentials-change.html';

export interface ChangeParts {
  readonly changePassword: ChangePassword;
  readonly formTokens: FormTokens;
  readonly loginPages: LoginPages;
}

/** The form that changes a password, and what it is sent to. It needs no login: a password that has expired gives none. */
export function changeRoutes(app: FastifyInstance, { changePassword, formTokens, loginPages }: ChangeParts): void {
  app.get(changePath, { config: { access: 'public' } }, async (request, reply) => {
    const wayBack = readWayBack(one(queryOf(request), 'continue'));
    return loginPages.change(request, reply, { messages: [], username: '', wayBack });
  });

  app.post('/ovirt-engine/sso/interactive-change-passwd', { config: { access: 'public' } }, async (request, reply) => {
    const form = formOf(request);
    const username = one(form, 'username') ?? '';
    const page = { username, wayBack: readWayBack(one(form, 'continue')) };
    const wanted = one(form, 'credentialsNew1') ?? '';
    try {
      formTokens.check('password', formCookieOf(request), form, request);
      if (wanted !== one(form, 'credentialsNew2')) {
        return await loginPages.change(request, reply, { ...page, messages: ['The new passwords are not the same.'] });
      }
      const attempt = {
        user: userOf(username, one(form, 'profile')),
        password: one(form, 'credentials') ?? '',
        source: request.ip,
        correlationId: null,
      };
      const changed = await changePassword(attempt, wanted);
      if ('refusal' in changed) return await loginPages.change(request, reply, { ...page, messages: [changed.refusal] });
      if ('flaws' in changed) return await loginPages.change(request, reply, { ...page, messages: changed.flaws });
      return await loginPages.login(request, reply, { ...page, notice: 'The password was changed. Log in with the new one.' });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const messages = [`${error.message} Please try again.`];
      return loginPages.change(request, reply.headers(error.headers).code(error.status), { ...page, messages });
    }
  });
}
