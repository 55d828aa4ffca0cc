import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authorize, calledBack, newVerifier, sessionOf } from '../support/code-flow.ts';
import { addClient, adminPassword } from '../support/engine.ts';
import { type Answer, freshSource } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const redirect = 'https://grafana.example.net/ovirt-engine-grafana/login/generic_oauth';
const clients = {
  plain: { id: 'plain', secret: 'secret-of-plain', scope: 'openid ovirt-app-api', redirects: [redirect] },
  signed: { id: 'signed', secret: 'secret-of-signed', scope: 'openid ovirt-app-api', redirects: [redirect], signedUserInfo: true },
};
const running = useEngine(async (postgres) => {
  for (const client of Object.values(clients)) await addClient(postgres, client);
});

const get = (path: string, headers: Record<string, string> = {}) => running.engine.client(`/ovirt-engine/sso/openid/${path}`, { headers });
const parse = ({ body }: Answer): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;
const issuer = () => `https://localhost:${running.engine.port}`;

/** Logs in for a client as a library of OpenID does, which sends whatever Accept it likes. */
async function logInFor({ id, secret }: { id: string; secret: string }, scope = 'openid'): Promise<Record<string, unknown>> {
  const { verifier, challenge } = newVerifier();
  const cookie = await sessionOf(running.engine, 'admin', adminPassword, { from: freshSource() });
  const asked = {
    client_id: id,
    response_type: 'code',
    redirect_uri: redirect,
    scope,
    nonce: 'n-1',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  const { code = '' } = calledBack(await authorize(running.engine, asked, cookie, 'openid')).parameters;
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirect,
    client_id: id,
    client_secret: secret,
    code_verifier: verifier,
  };
  return parse(await running.engine.client('/ovirt-engine/sso/openid/token', { form, headers: { accept: '*/*' } }));
}

/** Verifies a signed token with the published key, and returns its claims. */
async function claimsOf(token: string): Promise<Record<string, unknown>> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const [key] = parse(await get('jwks'))['keys'] as [{ kid: string }];
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'JWT', kid: key.kid });
  const jwk = createPublicKey({ key: key, format: 'jwk' });
  expect(verify('sha256', Buffer.from(`${header}.${payload}`), jwk, Buffer.from(signature, 'base64url'))).toBe(true);
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}

describe('OpenID', () => {
  it('tells clients where everything is', async () => {
    const found = parse(await get('.well-known/openid-configuration'));
    expect(found).toMatchObject({
      issuer: issuer(),
      authorization_endpoint: `${issuer()}/ovirt-engine/sso/openid/authorize`,
      token_endpoint: `${issuer()}/ovirt-engine/sso/openid/token`,
      jwks_uri: `${issuer()}/ovirt-engine/sso/openid/jwks`,
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });

  it('publishes the key of the engine, and nothing of its private half', async () => {
    const [jwk] = parse(await get('jwks'))['keys'] as [Record<string, string>];
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    const certificate = new X509Certificate(await readFile(join(running.engine.folder, 'engine.pem')));
    expect(jwk['n']).toBe(certificate.publicKey.export({ format: 'jwk' }).n);
  });

  it('says who logged in, to the client that asked', async () => {
    const granted = await logInFor(clients.plain);
    expect(granted).toMatchObject({
      token_type: 'bearer',
      expires_in: expect.any(Number),
      access_token: expect.stringMatching(/^[\w-]{86}$/),
    });
    const [account] = await running.postgres.query<{ uuid: string }>(`select uuid from aaa_jdbc.users where name = 'admin'`);
    const claims = await claimsOf(String(granted['id_token']));
    expect(claims).toEqual({
      iss: issuer(),
      aud: 'plain',
      sub: account!.uuid,
      preferred_username: 'admin@internal',
      given_name: 'admin',
      nonce: 'n-1',
      acr: '0',
      auth_time: expect.any(Number),
      iat: expect.any(Number),
      exp: (claims['iat'] as number) + 300,
    });
  });

  it('says nothing of the kind where openid was not asked for', async () => {
    expect(await logInFor(clients.plain, 'ovirt-app-api')).not.toHaveProperty('id_token');
  });

  it('tells about the user, signed where the client is registered for that', async () => {
    const plain = await get('userinfo', { authorization: `Bearer ${String((await logInFor(clients.plain))['access_token'])}` });
    expect(parse(plain)).toMatchObject({ preferred_username: 'admin@internal', iss: issuer() });
    const signed = await get('userinfo', { authorization: `Bearer ${String((await logInFor(clients.signed))['access_token'])}` });
    expect(signed.headers['content-type']).toBe('application/jwt');
    expect(await claimsOf(signed.body)).toMatchObject({ preferred_username: 'admin@internal', aud: 'signed' });
  });

  it('tells nothing without a token for it', async () => {
    for (const headers of [{}, { authorization: `Bearer ${'A'.repeat(86)}` }, { authorization: 'Basic YTpi' }] as Record<
      string,
      string
    >[]) {
      const answer = await get('userinfo', headers);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    }
    const other = await get('userinfo', {
      authorization: `Bearer ${String((await logInFor(clients.plain, 'ovirt-app-api'))['access_token'])}`,
    });
    expect(other.status).toBe(403);
    expect((await get(`userinfo?access_token=${String((await logInFor(clients.plain))['access_token'])}`)).status).toBe(401);
  });
});
