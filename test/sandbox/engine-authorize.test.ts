import { describe, expect, it } from 'vitest';
import { authorize, calledBack, newVerifier, sessionOf } from '../support/code-flow.ts';
import { addClient, adminPassword, coreScope } from '../support/engine.ts';
import { type Answer, cookieValue, freshSource } from '../support/https-client.ts';
import { formCookie, loginTarget, tokenIn } from '../support/login-form.ts';
import { useEngine } from '../support/running-engine.ts';

const redirect = 'https://localhost:443/ovirt-engine/oauth2-callback';
const app = { id: 'app', secret: 'secret-of-the-app-with-32-letters', scope: coreScope, redirects: [redirect] };
const elsewhere = {
  id: 'elsewhere',
  secret: 'secret-of-elsewhere',
  scope: 'openid ovirt-app-api',
  redirects: ['https://app.example.net/back'],
};

const running = useEngine(
  async (postgres) => {
    await addClient(postgres, app);
    await addClient(postgres, elsewhere);
    await addClient(postgres, { id: 'stranger', secret: 'x'.repeat(32), scope: coreScope, redirects: [redirect], trusted: false });
  },
  { settings: { SSO_ALTERNATE_ENGINE_FQDNS: 'other.example.net', SSO_CALLBACK_PREFIX_CHECK: 'false' } },
);

const ask = { client_id: 'app', response_type: 'code', redirect_uri: redirect, scope: 'ovirt-app-api', state: 'a b&c' };
const session = (): Promise<string> => sessionOf(running.engine, 'admin', adminPassword, { from: freshSource() });
const code = async (changes: Record<string, string> = {}, cookie?: string): Promise<string> => {
  const answer = await authorize(running.engine, { ...ask, ...changes }, cookie ?? (await session()));
  return calledBack(answer).parameters['code'] ?? '';
};
const exchange = (form: Record<string, string>, face = 'oauth'): Promise<Answer> =>
  running.engine.client(`/ovirt-engine/sso/${face}/token`, {
    form: { grant_type: 'authorization_code', redirect_uri: redirect, client_id: app.id, client_secret: app.secret, ...form },
    headers: { accept: 'application/json' },
    from: freshSource(),
  });
const parse = ({ body }: Answer): Record<string, string> => JSON.parse(body) as Record<string, string>;
const errorOf = (answer: Answer): string => parse(answer)['error_code'] ?? parse(answer)['error'] ?? '';

describe('a code', () => {
  it('is handed to the registered address with the state, and exchanged for a token of the user', async () => {
    const answer = await authorize(running.engine, ask, await session());
    expect(answer.status).toBe(303);
    const { address, parameters } = calledBack(answer);
    expect(address).toBe('https://localhost/ovirt-engine/oauth2-callback');
    expect(parameters).toEqual({ code: expect.stringMatching(/^[\w-]{43}$/), state: 'a b&c' });

    const granted = await exchange({ code: parameters['code']! });
    expect(granted.status).toBe(200);
    expect(parse(granted)).toEqual({
      access_token: expect.stringMatching(/^[\w-]{86}$/),
      scope: expect.stringContaining('ovirt-app-api'),
      exp: expect.stringMatching(/^\d{13}$/),
      token_type: 'bearer',
    });
    const api = await running.engine.client('/ovirt-engine/api', {
      headers: { authorization: `Bearer ${parse(granted)['access_token']}` },
    });
    expect(api.status).toBe(200);
  });

  it('works once: a second time ends the token of the first', async () => {
    const value = await code();
    const token = parse(await exchange({ code: value }))['access_token']!;
    expect(errorOf(await exchange({ code: value }))).toBe('invalid_grant');
    const api = await running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}` } });
    expect(api.status).toBe(401);
  });

  it.each([
    ['another address to call back', { redirect_uri: `${redirect}/` }],
    ['another client', { client_id: elsewhere.id, client_secret: elsewhere.secret }],
    ['a verifier nobody asked for', { code_verifier: 'v'.repeat(43) }],
  ])('is of no use, then or later, with %s', async (_what, changes) => {
    const value = await code();
    expect(errorOf(await exchange({ code: value, ...changes }))).toBe('invalid_grant');
    expect(errorOf(await exchange({ code: value }))).toBe('invalid_grant');
  });

  it('is good for a minute', async () => {
    const value = await code();
    await running.postgres.query(`update sso_codes set valid_to = valid_to - interval '61 seconds'`);
    expect(errorOf(await exchange({ code: value }))).toBe('invalid_grant');
  });

  it('is of no use after the browser has logged out', async () => {
    const cookie = await session();
    const value = await code({}, cookie);
    const welcome = await running.engine.client('/ovirt-engine/', { headers: { cookie } });
    await running.engine.client('/ovirt-engine/logout', { form: { form_token: tokenIn(welcome) }, headers: { cookie } });
    expect(errorOf(await exchange({ code: value }))).toBe('invalid_grant');
  });

  it('leaves nothing in the database that opens anything', async () => {
    const cookie = await session();
    const value = await code({}, cookie);
    const token = parse(await exchange({ code: value }))['access_token']!;
    const dump = JSON.stringify(
      await running.postgres.query(`select s::text, c::text from sso_sessions s left join sso_codes c using (token_digest)`),
    );
    for (const secret of [cookie.split('=')[1]!, value, token]) {
      expect(dump).not.toContain(secret);
      expect(dump).not.toContain(Buffer.from(secret).toString('hex'));
    }
  });

  it('cannot be guessed, and its client must bring its secret', async () => {
    const value = await code();
    expect(errorOf(await exchange({ code: 'A'.repeat(43) }))).toBe('invalid_grant');
    expect(errorOf(await exchange({ code: value, client_secret: 'wrong' }))).toBe('unauthorized_client');
    expect((await exchange({ code: value })).status).toBe(200);
  });
});

describe('PKCE', () => {
  it('binds the code to whoever asked for it', async () => {
    const { verifier, challenge } = newVerifier();
    const asked = { code_challenge: challenge, code_challenge_method: 'S256' };
    expect((await exchange({ code: await code(asked), code_verifier: verifier })).status).toBe(200);
    expect(errorOf(await exchange({ code: await code(asked), code_verifier: newVerifier().verifier }))).toBe('invalid_grant');
    expect(errorOf(await exchange({ code: await code(asked) }))).toBe('invalid_grant');
  });

  it.each([
    { code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' },
    { code_challenge: 'a'.repeat(43) },
    { code_challenge: 'short', code_challenge_method: 'S256' },
    { code_challenge_method: 'S256' },
  ])('is refused as %j', async (changes) => {
    const answer = await authorize(running.engine, { ...ask, ...changes }, await session());
    expect(calledBack(answer).parameters).toMatchObject({ error: 'invalid_request', state: 'a b&c' });
  });
});

describe('a request for a code', () => {
  it.each([
    ['no client', { client_id: '' }],
    ['an unknown client', { client_id: 'nobody' }],
    ['a client that is not trusted', { client_id: 'stranger' }],
    ['no address', { redirect_uri: '' }],
    ['an address elsewhere', { redirect_uri: 'https://evil.example/ovirt-engine/oauth2-callback' }],
    ['an address that only begins like a registered one', { redirect_uri: `${redirect}.evil` }],
    ['an address with somebody in front of the host', { redirect_uri: 'https://localhost:443@evil.example/ovirt-engine/oauth2-callback' }],
    ['an address that leaves the path', { redirect_uri: 'https://localhost/ovirt-engine/oauth2-callback/../../x' }],
    ['a script', { redirect_uri: 'javascript:alert(1)' }],
    ['http', { redirect_uri: 'http://localhost/ovirt-engine/oauth2-callback' }],
    ['another response type', { response_type: 'token' }],
    ['no response type', { response_type: '' }],
  ])('with %s is answered by a page of ours', async (_what, changes) => {
    const answer = await authorize(running.engine, { ...ask, ...changes }, await session());
    expect(answer.status).toBe(400);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.body).not.toContain('evil');
  });

  it.each(['https://127.0.0.1', 'https://[::1]:443', 'https://other.example.net', 'HTTPS://LOCALHOST:443'])(
    'may come by any name of the engine, with no check switched off: %s',
    async (origin) => {
      const redirect_uri = `${origin}/ovirt-engine/oauth2-callback`;
      const answer = await authorize(running.engine, { ...ask, redirect_uri }, await session());
      expect(answer.status).toBe(303);
      const value = calledBack(answer).parameters['code']!;
      expect((await exchange({ code: value, redirect_uri })).status).toBe(200);
    },
  );

  it('is told in the log, once, that the check cannot be switched off', () => {
    expect(running.engine.log().split('SSO_CALLBACK_PREFIX_CHECK has no effect')).toHaveLength(2);
  });

  it('is refused for scopes the client is not registered for, and for logging in on behalf', async () => {
    for (const changes of [{ scope: 'root' }, { scope: 'ovirt-ext=token:login-on-behalf' }]) {
      const answer = await authorize(running.engine, { ...ask, ...changes }, await session());
      expect(calledBack(answer).parameters).toMatchObject({ error: 'invalid_scope', state: 'a b&c' });
    }
  });

  it('repeats an address to land at only if it is ours', async () => {
    const cookie = await session();
    const landing = async (app_url: string) =>
      calledBack(await authorize(running.engine, { ...ask, app_url }, cookie)).parameters['app_url'];
    expect(await landing('https://127.0.0.1/ovirt-engine/webadmin/?locale=de')).toBe('https://127.0.0.1/ovirt-engine/webadmin/?locale=de');
    for (const evil of ['https://evil.example/', '//evil.example/', 'javascript:alert(1)', 'https://localhost@evil.example/']) {
      expect(await landing(evil)).toBeUndefined();
    }
  });

  it('is answered without a form where the client only wants to know who is there', async () => {
    const identity = await authorize(running.engine, { ...ask, scope: 'ovirt-app-api ovirt-ext=auth:identity' });
    expect(calledBack(identity).parameters).toMatchObject({ error: 'not_authenticated', state: 'a b&c' });
    const none = await authorize(running.engine, { ...ask, prompt: 'none' }, '', 'openid');
    expect(calledBack(none).parameters).toMatchObject({ error: 'login_required', state: 'a b&c' });
  });

  it('cannot put a line into our headers', async () => {
    const answer = await authorize(running.engine, { ...ask, state: 'x\r\nset-cookie: evil=1' }, await session());
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(calledBack(answer).parameters['state']).toBe('x\r\nset-cookie: evil=1');
  });
});

describe('who is not logged in', () => {
  const start = async (query: Record<string, string> = ask): Promise<{ page: Answer; location: string }> => {
    const { headers } = await authorize(running.engine, query);
    const location = headers.location ?? '';
    return { page: await running.engine.client(location), location };
  };
  const send = (page: Answer, fields: Record<string, string>): Promise<Answer> =>
    running.engine.client(loginTarget, {
      form: { form_token: tokenIn(page), username: 'admin', password: adminPassword, profile: 'internal', ...fields },
      headers: { cookie: `${formCookie}=${cookieValue(page, formCookie)}` },
      from: freshSource(),
    });
  const wayBackIn = ({ body }: Answer): string =>
    /name="continue" value="([^"]*)"/.exec(body)![1]!.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=');

  it('logs in first and comes back with a code', async () => {
    const { page, location } = await start();
    expect(location).toMatch(/^\/ovirt-engine\/sso\/login\.html\?continue=/);
    const wrong = await send(page, { password: 'wrong', continue: wayBackIn(page) });
    expect(wayBackIn(wrong)).toBe(wayBackIn(page));
    const right = await send(page, { continue: wayBackIn(page) });
    expect(right.status).toBe(303);
    const cookie = `__Secure-engine-session=${cookieValue(right, '__Secure-engine-session')}`;
    const back = await running.engine.client(right.headers.location!, { headers: { cookie } });
    expect(calledBack(back).parameters).toMatchObject({ code: expect.any(String), state: 'a b&c' });
  });

  it('is let on to the origin of a registered address, and to no other, by the policy of the page', async () => {
    const policy = ({ headers }: Answer): string => String(headers['content-security-policy']);
    const { page } = await start({ ...ask, client_id: elsewhere.id, redirect_uri: elsewhere.redirects[0]! });
    expect(policy(page)).toContain("form-action 'self' https://app.example.net;");
    const forged = new URLSearchParams({ ...ask, redirect_uri: "https://evil.example/;script-src 'unsafe-inline'" });
    const other = await running.engine.client(
      `/ovirt-engine/sso/login.html?${new URLSearchParams({ continue: `oauth?${forged.toString()}` }).toString()}`,
    );
    expect(policy(other)).toContain("form-action 'self';");
    expect(policy(other)).not.toContain('evil');
  });

  it.each(['https://evil.example/', '//evil.example', 'elsewhere?x=1', 'oauth', 'oauth?', '/ovirt-engine/logout'])(
    'does not follow another way back: %s',
    async (text) => {
      const page = await running.engine.client(`/ovirt-engine/sso/login.html?${new URLSearchParams({ continue: text }).toString()}`);
      expect(page.status).toBe(200);
      expect(page.body).not.toContain('name="continue"');
      expect((await send(page, { continue: text })).headers.location).toBe('/ovirt-engine/');
    },
  );

  it('sees what an address says as text', async () => {
    const evil = 'oauth?state="><script>alert(1)</script>';
    const page = await running.engine.client(`/ovirt-engine/sso/login.html?${new URLSearchParams({ continue: evil }).toString()}`);
    expect(page.body).not.toMatch(/<script|"><script/);
  });
});
