import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addClient, addUser, adminPassword, giveRole } from '../support/engine.ts';
import { ovnIsHere, startOvn, type TestOvn } from '../support/ovn.ts';
import { caller, providerScope, providerSecret, startOvnProvider, type TestProvider } from '../support/ovn-provider.ts';
import { makePki, type TestPki } from '../support/pki.ts';
import { useEngine } from '../support/running-engine.ts';

/* The provider between the real engine, which knows who signs in, and a real database of OVN, with TLS. */

const running = useEngine(async (postgres) => {
  await addClient(postgres, { id: 'ovirt-provider-ovn', secret: providerSecret, scope: providerScope });
  await addUser(postgres, 'someone', adminPassword);
  await giveRole(postgres, 'someone', 'SuperUser');
});
let pki: TestPki;
let ovn: TestOvn;
let provider: TestProvider;

const signIn = (username: string, password: string) =>
  provider.keystone('/v2.0/tokens', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { tenantName: 'tenant', passwordCredentials: { username, password } } }),
  });
const tokenIn = (body: string): string => (JSON.parse(body) as { access: { token: { id: string } } }).access.token.id;

beforeAll(async () => {
  if (!ovnIsHere) return;
  pki = await makePki();
  ovn = await startOvn({ files: { key: pki.path('host.key'), certificate: pki.path('host.pem'), authority: pki.path('ca.pem') } });
  const engine = { port: running.engine.port, authority: join(running.engine.folder, 'ca.pem') };
  provider = await startOvnProvider(pki, engine, ovn.tls);
  await provider.sees('connected with the northbound database');
});
afterAll(async () => {
  if (!ovnIsHere) return;
  await provider.end();
  await ovn.stop();
  await pki.remove();
});

describe.skipIf(!ovnIsHere)('signing in', () => {
  test('gives a token of the engine and a catalogue', async () => {
    const { status, body } = await signIn('admin@internal', adminPassword);
    expect(status).toBe(200);
    const { access } = JSON.parse(body) as { access: Record<string, unknown> };
    expect(access).toMatchObject({
      token: { expires: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
      user: { username: 'admin', name: 'admin', id: '', roles: [{ name: 'admin' }], roles_links: [] },
      serviceCatalog: [
        { type: 'network', name: 'neutron', endpoints: [{ publicURL: `https://localhost:${provider.neutronPort}` }] },
        { type: 'identity', name: 'keystone', endpoints: [{ region: 'RegionOne', id: '00000000000000000000000000000002' }] },
        { type: 'compute', name: 'nova' },
      ],
    });
    const form = { token: tokenIn(body), scope: 'ovirt-ext=token-info:validate' };
    expect(
      await running.engine.client('/ovirt-engine/sso/oauth/token-info', { form, headers: { accept: 'application/json' } }),
    ).toMatchObject({
      status: 200,
    });
    const again = await provider.keystone('/v2.0/tokens', { body: JSON.stringify({ auth: { token: { id: tokenIn(body) } } }) });
    expect([again.status, tokenIn(again.body)]).toEqual([200, tokenIn(body)]);
  });

  test.each([
    ['a wrong password', 'admin@internal', 'wrong', 401, 'Unauthorized'],
    ['a name that nobody has', 'nobody@internal', 'wrong', 401, 'Unauthorized'],
    ['another user, whose password is right', 'someone@internal', adminPassword, 403, 'Forbidden'],
  ])('is refused to %s', async (_what, user, password, status, title) => {
    const answer = await signIn(user, password);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ error: { message: expect.any(String), code: status, title } });
    expect(provider.log()).not.toContain(adminPassword);
  });

  test('tells of versions and the one tenant', async () => {
    const versions = { versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: expect.stringContaining('/v2.0/') }] }] };
    for (const client of [provider.keystone, provider.neutron]) {
      for (const path of ['/', '/v2.0', '/v2.0/']) expect(JSON.parse((await client(path)).body)).toMatchObject(versions);
    }
    expect(JSON.parse((await provider.keystone('/v2.0/tenants')).body)).toEqual({
      tenants: [{ id: '00000000000000000000000000000001', name: 'tenant', description: 'tenant', enabled: true }],
    });
  });

  test('is needed for everything else, and a token that has ended is none', async () => {
    const stranger = async (token?: string) =>
      (await provider.neutron('/v2.0/networks', token === undefined ? {} : { headers: { 'x-auth-token': token } })).status;
    expect(await stranger()).toBe(401);
    expect(await stranger('forged')).toBe(401);
    expect(await stranger('x'.repeat(5000))).toBe(401);
    const token = tokenIn((await signIn('admin@internal', adminPassword)).body);
    await running.engine.client('/ovirt-engine/services/sso-logout', { form: { token } });
    expect(await stranger(token)).toBe(401);
    const form = { grant_type: 'password', scope: 'ovirt-app-api', username: 'someone@internal', password: adminPassword };
    const other = await running.engine.client('/ovirt-engine/sso/oauth/token', { form, headers: { accept: 'application/json' } });
    expect(await stranger((JSON.parse(other.body) as { access_token: string }).access_token)).toBe(403);
  });

  test('opens what is behind it, and leaves no secret in the log', async () => {
    const call = caller(provider.neutron, tokenIn((await signIn('admin@internal', adminPassword)).body));
    expect((await call('POST', '/v2.0/networks', { network: { name: 'blue' } })).status).toBe(201);
    expect(await ovn.nbctl('ls-list')).toContain('ovirt-blue');
    for (const secret of [providerSecret, adminPassword]) expect(provider.log()).not.toContain(secret);
  });
});
