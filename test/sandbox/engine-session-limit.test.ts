import { expect, it } from 'vitest';
import { addClient, adminPassword, coreScope } from '../support/engine.ts';
import { type Answer, basic, freshSource } from '../support/https-client.ts';
import { logIn } from '../support/login-form.ts';
import { useEngine } from '../support/running-engine.ts';

const program = { client_id: 'program', client_secret: 'secret-of-the-program' };
const running = useEngine((postgres) => addClient(postgres, { id: program.client_id, secret: program.client_secret, scope: coreScope }), {
  settings: { ENGINE_MAX_USER_SESSIONS: '2' },
});

const refusal = 'The user has 2 sessions already, and may not have more at a time.';
const form = (): Promise<Answer> => logIn(running.engine, { username: 'admin', password: adminPassword }, { from: freshSource() });
const token = (fields: Record<string, string> = {}): Promise<Answer> =>
  running.engine.client('/ovirt-engine/sso/oauth/token', {
    form: { grant_type: 'password', username: 'admin@internal', password: adminPassword, scope: 'ovirt-app-api', ...fields },
    headers: { accept: 'application/json' },
    from: freshSource(),
  });
const api = (headers: Record<string, string> = {}): Promise<Answer> =>
  running.engine.client('/ovirt-engine/api', { headers: { authorization: basic('admin@internal', adminPassword), ...headers } });

it('the number of sessions of a user is limited where the configuration says so', async () => {
  const first = await form();
  expect(first.status).toBe(303);
  const second = await token();
  expect(second.status).toBe(200);

  const page = await form();
  expect([page.status, page.cookies.has('__Secure-engine-session')]).toEqual([403, false]);
  expect(page.body).toContain(refusal);
  const refused = await token();
  expect([refused.status, JSON.parse(refused.body)]).toEqual([400, { error_code: 'access_denied', error: refusal }]);
  const kept = await api({ prefer: 'persistent-auth' });
  expect([kept.status, kept.cookies.has('JSESSIONID')]).toEqual([403, false]);

  // What needs no session of its own goes on: a password with every request, and a program that acts for the user.
  expect((await api()).status).toBe(200);
  expect((await token({ ...program, scope: 'ovirt-app-api ovirt-ext=token:login-on-behalf' })).status).toBe(200);

  // Whoever logs out may log in again.
  const { access_token } = JSON.parse(second.body) as { access_token: string };
  await running.engine.client('/ovirt-engine/services/sso-logout', { form: { scope: 'ovirt-app-api', token: access_token } });
  expect((await token()).status).toBe(200);
});
