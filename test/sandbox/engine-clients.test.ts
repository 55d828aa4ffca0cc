import { createServer, type Server } from 'node:https';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authorize, calledBack, sessionOf } from '../support/code-flow.ts';
import { addClient, addUser, adminPassword, clientSecret, coreScope } from '../support/engine.ts';
import { type Answer, basic, cookieValue, freshSource } from '../support/https-client.ts';
import { formCookie, loginForm, loginTarget, tokenIn } from '../support/login-form.ts';
import { useEngine } from '../support/running-engine.ts';

const redirect = 'https://localhost:443/ovirt-engine/oauth2-callback';
const core = { client_id: 'ovirt-engine-core', client_secret: clientSecret };
const other = { client_id: 'other', client_secret: 'secret-of-other' };

const running = useEngine(async (postgres) => {
  for (const id of ['other', 'third']) {
    await addClient(postgres, { id, secret: `secret-of-${id}`, scope: coreScope, redirects: [redirect] });
  }
  await addClient(postgres, { id: 'modest', secret: 'secret-of-modest', scope: 'openid ovirt-app-api', trusted: false });
  await addUser(postgres, 'disabled', adminPassword, { disabled: 1 });
});

const json = { accept: 'application/json' };
const post = (path: string, form: Record<string, string>, headers: Record<string, string> = json): Promise<Answer> =>
  running.engine.client(`/ovirt-engine/sso/${path}`, { form, headers, from: freshSource() });
const parse = ({ body }: Answer): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;
const errorOf = (answer: Answer): unknown => parse(answer)['error_code'] ?? parse(answer)['error'];
const isLive = async (token: string): Promise<boolean> =>
  (await post('oauth/token-info', { token, scope: 'ovirt-ext=token-info:validate' })).status === 200;
const api = (token: string) => running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}` } });

/** A token that a client got by way of a browser. */
async function tokenOf(client: 'other' | 'third', cookie: string): Promise<string> {
  const asked = { client_id: client, response_type: 'code', redirect_uri: redirect, scope: 'ovirt-app-api' };
  const { code = '' } = calledBack(await authorize(running.engine, asked, cookie)).parameters;
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirect, client_id: client, client_secret: `secret-of-${client}` };
  return String(parse(await post('oauth/token', form))['access_token']);
}
const session = () => sessionOf(running.engine, 'admin', adminPassword, { from: freshSource() });

describe('a program of ours', () => {
  const ask = { grant_type: 'client_credentials', scope: 'ovirt-app-api' };

  it('gets a token of its own, which acts for no user', async () => {
    const granted = parse(await post('oauth/token', { ...ask, ...other }));
    const token = String(granted['access_token']);
    expect(await isLive(token)).toBe(true);
    expect((await api(token)).status).toBe(401);
    expect(parse(await post('oauth/token-info', { token, ...core }))).toEqual({
      active: true,
      token_type: 'bearer',
      client_id: 'other',
      scope: expect.stringContaining('ovirt-app-api'),
      exp: granted['exp'],
    });
  });

  it.each([
    ['a wrong secret', { ...other, client_secret: 'wrong' }, 'unauthorized_client'],
    ['a client that is not trusted', { client_id: 'modest', client_secret: 'secret-of-modest' }, 'unauthorized_client'],
    ['a scope it is not registered for', { ...other, scope: 'root' }, 'invalid_scope'],
    ['no scope', { ...other, scope: '' }, 'invalid_request'],
  ])('is refused with %s', async (_what, changes, code) => {
    expect(errorOf(await post('oauth/token', { ...ask, ...changes }))).toBe(code);
  });

  it('is refused with the same bytes whether or not there is such a client', async () => {
    const bodies = await Promise.all(
      ['other', 'nobody', "' or 1=1 --", 'x'.repeat(200)].map(
        async (client_id) => (await post('oauth/token', { ...ask, client_id, client_secret: 'wrong' })).body,
      ),
    );
    expect(new Set(bodies).size).toBe(1);
  });

  it('may log in on behalf of a user, without the password', async () => {
    const form = { grant_type: 'password', scope: 'ovirt-app-api ovirt-ext=token:login-on-behalf', username: 'admin@internal' };
    const token = String(parse(await post('oauth/token', { ...form, ...other }))['access_token']);
    expect((await api(token)).status).toBe(200);
    expect(errorOf(await post('oauth/token', { ...form, client_id: 'modest', client_secret: 'secret-of-modest' }))).toBe(
      'unauthorized_client',
    );
    expect(errorOf(await post('oauth/token', { ...form, ...other, client_secret: '' }))).toBe('unauthorized_client');
    for (const username of ['nobody@internal', 'disabled@internal', 'admin@elsewhere', 'admin']) {
      expect(errorOf(await post('oauth/token', { ...form, ...other, username }))).toBe('access_denied');
    }
  });

  it('has its secret checked again after the registration has changed', async () => {
    expect((await post('oauth/token', { ...ask, ...other })).status).toBe(200);
    await running.postgres.query(
      `update sso_clients set client_secret = replace(client_secret, 'ln=10', 'ln=11') where client_id = 'other'`,
    );
    expect(errorOf(await post('oauth/token', { ...ask, ...other }))).toBe('unauthorized_client');
    await running.postgres.query(
      `update sso_clients set client_secret = replace(client_secret, 'ln=11', 'ln=10') where client_id = 'other'`,
    );
  });
});

describe('a token for HTTP Basic', () => {
  const ask = { grant_type: 'urn:ovirt:params:oauth:grant-type:http', scope: 'ovirt-app-api' };
  const send = (user: string, password: string) => post('oauth/token-http-auth', ask, { ...json, authorization: basic(user, password) });

  it('is granted to the right password', async () => {
    expect((await api(String(parse(await send('admin@internal', adminPassword))['access_token']))).status).toBe(200);
  });

  it('is asked for again otherwise', async () => {
    for (const answer of [
      await send('admin@internal', 'wrong'),
      await send('nobody@internal', 'wrong'),
      await post('oauth/token-http-auth', ask),
      // There is no Kerberos here, so it is not offered, and a ticket is not taken for anything.
      await post('oauth/token-http-auth', ask, { ...json, authorization: 'Negotiate YIIZ' }),
    ]) {
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Basic realm="SSO"');
      expect(errorOf(answer)).toBe('access_denied');
    }
  });

  it('is the only one to be had there', async () => {
    expect(errorOf(await post('oauth/token-http-auth', { ...ask, grant_type: 'password' }))).toBe('unsupported_grant_type');
  });
});

describe('revoking', () => {
  let cookie = '';
  beforeEach(async () => {
    cookie = await session();
  });

  it('ends the token of the client that asks, and nothing of others', async () => {
    const [mine, theirs] = [await tokenOf('other', cookie), await tokenOf('third', cookie)];
    const revoke = (token: string) => post('oauth/revoke', { token, scope: 'ovirt-app-api', ...other });
    expect((await revoke(theirs)).body).toBe('{}');
    expect(await isLive(theirs)).toBe(true);
    expect((await revoke(mine)).body).toBe('{}');
    expect([await isLive(mine), await isLive(theirs)]).toEqual([false, true]);
    expect((await authorizeAgain()).parameters['code']).toBeDefined();
  });

  it('ends the whole login with revoke-all', async () => {
    const [mine, theirs] = [await tokenOf('other', cookie), await tokenOf('third', cookie)];
    const scope = 'ovirt-app-api ovirt-ext=revoke:revoke-all';
    expect((await post('oauth/revoke', { token: mine, scope, ...other })).body).toBe('{}');
    expect([await isLive(mine), await isLive(theirs)]).toEqual([false, false]);
    expect((await authorizeAgain()).parameters['code']).toBeUndefined();
  });

  it('needs revoke-all to be registered', async () => {
    const modest = { client_id: 'modest', client_secret: 'secret-of-modest' };
    const token = await tokenOf('other', cookie);
    expect(errorOf(await post('oauth/revoke', { token, scope: 'ovirt-ext=revoke:revoke-all', ...modest }))).toBe('invalid_scope');
    expect((await post('oauth/revoke', { token, scope: 'openid', ...modest })).body).toBe('{}');
    expect(await isLive(token)).toBe(true);
  });

  const authorizeAgain = async () =>
    calledBack(
      await authorize(running.engine, { client_id: 'other', response_type: 'code', redirect_uri: redirect, scope: 'openid' }, cookie),
    );
});

describe('clients that want to be told of a logout', () => {
  const told: string[] = [];
  let server: Server;
  let heard = Promise.withResolvers<undefined>();
  beforeAll(async () => {
    const [key, cert] = await Promise.all(['engine.key', 'engine.pem'].map((name) => readFile(join(running.engine.folder, name))));
    server = createServer({ key, cert }, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        told.push(`${request.method} ${request.url} ${body}`);
        response.end();
        if (told.length === 2) heard.resolve(undefined);
      });
    }).listen(0, '0.0.0.0');
    await once(server, 'listening');
  });
  afterAll(() => server.close());
  beforeEach(() => {
    told.length = 0;
    heard = Promise.withResolvers();
  });
  const listenAt = (host: string) =>
    running.postgres.query(`update sso_clients set notification_callback = $1 where client_id = 'third'`, [
      `https://${host}:${(server.address() as { port: number }).port}/ended`,
    ]);

  it.each(['a browser logs out', 'a browser logs in anew', 'a client ends the login'])('hear each token when %s', async (how) => {
    await listenAt('localhost');
    const cookie = await session();
    const tokens = [await tokenOf('other', cookie), await tokenOf('third', cookie)];
    if (how === 'a browser logs out') {
      const welcome = await running.engine.client('/ovirt-engine/', { headers: { cookie } });
      await running.engine.client('/ovirt-engine/logout', { form: { form_token: tokenIn(welcome) }, headers: { cookie } });
    } else if (how === 'a browser logs in anew') {
      const form = await running.engine.client(loginForm);
      await running.engine.client(loginTarget, {
        form: { form_token: tokenIn(form), username: 'admin', password: adminPassword, profile: 'internal' },
        headers: { cookie: `${formCookie}=${cookieValue(form, formCookie)}; ${cookie}` },
        from: freshSource(),
      });
    } else {
      await post('oauth/revoke', { token: tokens[1]!, scope: 'ovirt-ext=revoke:revoke-all', ...core });
    }
    await heard.promise;
    expect(told.sort()).toEqual(tokens.map((token) => `POST /ended event=logout&token=${token}&token_type=bearer`).sort());
    expect([await isLive(tokens[0]!), await isLive(tokens[1]!)]).toEqual([false, false]);
  });

  it('are not told over a connection that cannot be trusted, and nobody waits for them', async () => {
    await listenAt('127.0.0.2');
    const token = await tokenOf('other', await session());
    expect((await post('oauth/revoke', { token, scope: 'openid', ...other })).body).toBe('{}');
    await running.engine.sees('a client could not be told of a logout');
    expect(told).toEqual([]);
    expect(running.engine.log()).not.toContain(token);
  });
});
