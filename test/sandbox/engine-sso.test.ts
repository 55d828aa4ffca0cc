import { describe, expect, it } from 'vitest';
import { addUser, adminPassword, clientSecret, hash } from '../support/engine.ts';
import { type Answer, basic, freshSource } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const running = useEngine((postgres) => addUser(postgres, 'disabled', adminPassword, { disabled: 1 }));

const json = { accept: 'application/json' };
const password = { grant_type: 'password', username: 'admin@internal', password: adminPassword, scope: 'ovirt-app-api' };
const core = { client_id: 'ovirt-engine-core', client_secret: clientSecret };
const apiScopes = 'ovirt-app-api ovirt-ext=token-info:authz-search ovirt-ext=token-info:public-authz-search ovirt-ext=token-info:validate';

const post = (path: string, form: Record<string, string>, headers: Record<string, string> = json): Promise<Answer> =>
  running.engine.client(`/ovirt-engine/sso/oauth/${path}`, { form, headers, from: freshSource() });
const parse = ({ body }: Answer): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;
const token = async (): Promise<string> => String(parse(await post('token', password))['access_token']);
const isLive = async (value: string): Promise<boolean> =>
  (await post('token-info', { token: value, scope: 'ovirt-ext=token-info:validate' })).status === 200;

describe('a token for a password', () => {
  it('has the form clients read', async () => {
    const answer = await post('token', password);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json;charset=UTF-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(parse(answer)).toEqual({
      access_token: expect.stringMatching(/^[\w-]{86}$/),
      scope: apiScopes,
      exp: expect.stringMatching(/^\d{13}$/),
      token_type: 'bearer',
    });
  });

  it('comes for a query as well', async () => {
    const answer = await running.engine.client(`/ovirt-engine/sso/oauth/token?${new URLSearchParams(password).toString()}`, {
      headers: json,
    });
    expect(answer.status).toBe(200);
  });

  it.each([undefined, '*/*', 'application/json, */*', 'application/json; charset=utf-8', 'application/xml'])(
    'is refused for Accept: %s',
    async (accept) => {
      const answer = await post('token', password, accept === undefined ? {} : { accept });
      expect(answer.status).toBe(400);
      expect(parse(answer)).toEqual({ error_code: 'invalid_request', error: expect.stringContaining('Accept') });
    },
  );

  it('is refused in one shape to clients of the plain API and in another to everybody else', async () => {
    const wrong = { ...password, password: 'wrong' };
    expect(parse(await post('token', wrong))).toEqual({ error_code: 'access_denied', error: expect.any(String) });
    for (const scope of ['ovirt-app-admin ovirt-app-api', 'ovirt-app-portal', 'openid']) {
      expect(parse(await post('token', { ...wrong, scope }))).toEqual({ error: 'access_denied', error_description: expect.any(String) });
    }
  });

  it('is refused with the same bytes for a wrong password, an unknown user, and an unknown profile', async () => {
    const attempts = [
      { password: 'wrong' },
      { username: 'nobody@internal', password: 'wrong' },
      { username: 'admin@elsewhere' },
      { username: 'admin' },
      { username: '@internal' },
      { username: 'disabled@internal', password: 'wrong' },
      { password: 'x'.repeat(2_000) },
      { password: '' },
    ];
    const answers = await Promise.all(attempts.map((attempt) => post('token', { ...password, ...attempt })));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body}`))).toEqual(
      new Set(['400 {"error_code":"access_denied","error":"The user name or the password is wrong."}']),
    );
  });

  it('is refused with the reason to whoever knows the password', async () => {
    expect(parse(await post('token', { ...password, username: 'disabled@internal' }))).toMatchObject({ error: 'The account is disabled.' });
  });

  it.each([
    [{ grant_type: 'implicit' }, 'unsupported_grant_type'],
    [{ grant_type: 'constructor' }, 'unsupported_grant_type'],
    [{ grant_type: 'authorization_code' }, 'unauthorized_client'],
    [{ grant_type: 'client_credentials' }, 'unauthorized_client'],
    [{ grant_type: 'urn:ovirt:params:oauth:grant-type:http' }, 'unsupported_grant_type'],
    [{ grant_type: '' }, 'invalid_request'],
    [{ username: '' }, 'invalid_request'],
    [{ scope: '' }, 'invalid_request'],
    [{ scope: 'ovirt-app-api root' }, 'invalid_scope'],
    [{ scope: 'ovirt-app-api ovirt-ext=token:login-on-behalf' }, 'unauthorized_client'],
  ])('is refused for %j as %s', async (changes, code) => {
    const answer = await post('token', { ...password, ...(changes as Record<string, string>) });
    expect(answer.status).toBe(400);
    const body = parse(answer);
    expect(body['error_code'] ?? body['error']).toBe(code);
  });

  it('is refused when a parameter is ambiguous', async () => {
    const answer = await running.engine.client('/ovirt-engine/sso/oauth/token?username=other', { form: password, headers: json });
    expect(answer.status).toBe(400);
    expect(parse(answer)).toMatchObject({ error_code: 'invalid_request' });
  });

  it('is refused, and the log says why, when the stored password would cost too much', async () => {
    await addUser(running.postgres, 'costly', adminPassword);
    await running.postgres.query(`update aaa_jdbc.users set password = replace($1, 'ln=10', 'ln=30') where name = 'costly'`, [
      hash(adminPassword),
    ]);
    const answer = await post('token', { ...password, username: 'costly@internal' });
    expect(parse(answer)).toMatchObject({ error_code: 'access_denied', error: 'The user name or the password is wrong.' });
    expect(running.engine.log()).toContain('an account cannot be used');
  });
});

describe('token-info', () => {
  it('says yes or no without client credentials', async () => {
    const value = await token();
    const validate = (candidate: string) => post('token-info', { token: candidate, scope: 'ovirt-ext=token-info:validate' });
    expect(parse(await validate(value))).toEqual({});
    for (const candidate of ['A'.repeat(86), 'short', `${value}\u00e9`]) {
      const answer = await validate(candidate);
      expect(answer.status).toBe(400);
      expect(parse(answer)).toMatchObject({ error: 'invalid_grant' });
    }
    expect(parse(await post('token-info', { scope: 'ovirt-ext=token-info:validate' }))).toMatchObject({ error: 'invalid_request' });
  });

  it.each(['parameters', 'HTTP Basic'])('tells our client whose token it is, in typed arrays: %s', async (how) => {
    const value = await token();
    const answer =
      how === 'parameters'
        ? await post('token-info', { token: value, scope: '', ...core })
        : await post('token-info', { token: value }, { ...json, authorization: basic(core.client_id, core.client_secret) });
    const [account] = await running.postgres.query<{ uuid: string }>(`select uuid from aaa_jdbc.users where name = 'admin'`);
    expect(parse(answer)).toEqual({
      active: true,
      token_type: 'bearer',
      client_id: 'ovirt-engine-core',
      user_id: 'admin@internal',
      user_authz: 'internal-authz',
      scope: apiScopes,
      exp: expect.stringMatching(/^\d{13}$/),
      ovirt: [
        'java.util.HashMap',
        {
          version: '0',
          principal_id: account!.uuid,
          email: null,
          namespace: '*',
          first_name: 'admin',
          last_name: null,
          group_ids: ['java.util.ArrayList', []],
          capability_credentials_change: true,
        },
      ],
    });
  });

  it('hands out no password, and does not say that it would', async () => {
    const granted = parse(await post('token', { ...password, scope: 'ovirt-app-api ovirt-ext=token:password-access' }));
    expect(granted['scope']).toBe(apiScopes);
    const { body } = await post('token-info', {
      token: String(granted['access_token']),
      scope: 'ovirt-ext=token:password-access',
      ...core,
    });
    expect(body).toContain('"principal_id"');
    expect(body).not.toContain('password');
    expect(body).not.toContain(adminPassword);
  });

  it('tells nobody else', async () => {
    const value = await token();
    for (const client of [{}, { ...core, client_secret: 'wrong' }, { ...core, client_id: 'other' }, { client_id: core.client_id }]) {
      const answer = await post('token-info', { token: value, ...client });
      expect(answer.status).toBe(400);
      expect(parse(answer)).toMatchObject({ error: 'unauthorized_client' });
    }
  });

  it('knows no directory queries', async () => {
    const search = { scope: 'ovirt-ext=token-info:public-authz-search', ...core };
    expect(parse(await post('token-info', search))).toMatchObject({ error: 'invalid_request' });
    expect(parse(await post('token-info', { ...search, query_type: 'nonsense' }))).toMatchObject({ error: 'invalid_request' });
  });

  it('insists on its Accept header', async () => {
    expect((await post('token-info', { token: await token(), ...core }, {})).status).toBe(400);
  });
});

describe('revoking', () => {
  it('ends a token for our client, and again says nothing', async () => {
    const value = await token();
    for (let times = 0; times < 2; times++) {
      const answer = await post('revoke', { token: value, scope: 'ovirt-app-api', ...core });
      expect([answer.status, answer.body]).toEqual([200, '{}']);
    }
    expect(await isLive(value)).toBe(false);
  });

  it.each([
    [{ client_secret: 'wrong' }, json, 'unauthorized_client'],
    [{ scope: 'root' }, json, 'invalid_scope'],
    [{ scope: '' }, json, 'invalid_request'],
    [{ token: '' }, json, 'invalid_request'],
    [{}, {}, 'invalid_request'],
  ])('is refused for %j and %j as %s', async (changes, headers, code) => {
    const value = await token();
    const form = { token: value, scope: 'openid', ...core, ...(changes as Record<string, string>) };
    const answer = await post('revoke', form, headers);
    expect(answer.status).toBe(400);
    expect(parse(answer)).toMatchObject({ error: code });
    expect(await isLive(value)).toBe(true);
  });

  it('is what SDKs do when they close, without a client secret', async () => {
    const value = await token();
    const close = (form: Record<string, string>) => running.engine.client('/ovirt-engine/services/sso-logout', { form });
    expect((await close({ scope: 'ovirt-app-api', token: value })).body).toBe('{}');
    expect((await close({ scope: 'ovirt-app-api', token: value })).body).toBe('{}');
    expect(await isLive(value)).toBe(false);
    expect(parse(await close({ scope: 'ovirt-app-api' }))).toMatchObject({ error_code: 'invalid_request' });
  });
});

it('SSO says that it is there', async () => {
  const answer = await running.engine.client('/ovirt-engine/sso/status');
  expect(parse(answer)).toMatchObject({ status: 'active', version: '0' });
});
