import { describe, expect, test } from 'vitest';
import { askHealth } from '../../src/setup/host/health-socket.ts';
import { ovnIsHere } from '../support/ovn.ts';
import { providerSecret } from '../support/ovn-provider.ts';
import { entity, messageOf, useOvnProvider } from '../support/running-ovn-provider.ts';
import { eventually } from '../support/trial.ts';

/* What the provider answers to requests as such, and to all of them while OVN is away. */

const running = useOvnProvider();
const { add, call, list } = running;

describe.skipIf(!ovnIsHere)('what stands apart', () => {
  test('is a list that is always the same, and a diagnosis', async () => {
    expect(await list('/v2.0/extensions')).toContainEqual(expect.objectContaining({ alias: 'security-group' }));
    expect(entity(await call('GET', '/v2.0/extensions/router'), 200)).toMatchObject({ alias: 'router' });
    expect((await call('GET', '/v2.0/extensions/none')).status).toBe(404);
    expect((await call('GET', '/v2.0/tech')).body['tech']).toHaveProperty('NAT');
  });

  test.each([
    ['PATCH', '/v2.0/networks', 405],
    ['PUT', '/v2.0/networks', 405],
    ['POST', '/v2.0/extensions', 405],
    ['GET', '/v2.0/nothing', 404],
    ['GET', '/v2.0/networks/a/b/c', 404],
    ['DELETE', '/v2.0/', 405],
    ['GET', '/v2.0/%zz', 400],
  ])('%s %s is answered with %i', async (method, path, status) => {
    expect((await call(method, path)).status).toBe(status);
  });

  test.each([['{'], ['[]'], ['{"network": []}'], ['{}']])('a body %s is refused', async (body) => {
    const headers = { 'x-auth-token': 'token' };
    expect((await running.provider.neutron('/v2.0/networks', { method: 'POST', headers, body })).status).toBe(400);
  });

  test('a body that is too long is refused before it is read to its end', async () => {
    expect((await call('POST', '/v2.0/networks', { network: { name: 'x'.repeat(300_000) } })).status).toBe(413);
  });
});

describe.skipIf(!ovnIsHere)('an OVN that is away', () => {
  test('is a clear fault, shows in the health of the provider, and is found again', async () => {
    const network = await add('networks', 'network', { name: 'kept' });
    await running.ovn.kill();
    await running.provider.sees('lost the northbound database');
    const answer = await call('GET', '/v2.0/networks');
    expect([answer.status, messageOf(answer)]).toEqual([502, expect.stringContaining('The northbound database of OVN cannot be reached')]);
    expect((await call('POST', '/v2.0/networks', { network: { name: 'lost' } })).status).toBe(502);
    expect(await askHealth(running.provider.healthSocket)).toMatchObject({
      service: 'ovn-provider',
      state: 'degraded',
      checks: { ovn: 'down' },
    });
    await running.ovn.start();
    await eventually('the network again', async () => (await call('GET', `/v2.0/networks/${network.id}`)).status === 200);
    expect(await askHealth(running.provider.healthSocket)).toMatchObject({ state: 'ready', checks: { ovn: 'up', certificate: 'up' } });
    expect((await call('DELETE', `/v2.0/networks/${network.id}`)).status).toBe(204);
  });

  test('is no reason not to end in order', async () => {
    await running.ovn.kill();
    expect(await running.provider.end()).toBe(0);
    expect(running.provider.log()).not.toContain(providerSecret);
    expect(running.provider.log()).not.toContain('internal error');
  });
});
