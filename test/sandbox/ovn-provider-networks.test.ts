import { describe, expect, test } from 'vitest';
import { ovnIsHere } from '../support/ovn.ts';
import { entity, messageOf, useOvnProvider } from '../support/running-ovn-provider.ts';

/* Networks of the provider beside what ovn-nbctl shows and does. */

const running = useOvnProvider();
const { add, call, list } = running;

describe.skipIf(!ovnIsHere)('networks', () => {
  test('are logical switches', async () => {
    const network = await add('networks', 'network', { name: 'blue', mtu: 1400, unheard_of: 1 });
    expect(network).toEqual({
      id: network.id,
      name: 'blue',
      tenant_id: '00000000000000000000000000000001',
      status: 'ACTIVE',
      port_security_enabled: true,
      mtu: 1400,
    });
    expect(await running.ovn.nbctl('get', 'Logical_Switch', network.id, 'name', 'external_ids')).toBe(
      `ovirt-blue-${network.id}\n{mtu="1400", ovirt_network_name=blue, ovirt_port_security="true"}`,
    );
    expect(await list('/v2/networks.json?name=blue&limit=5')).toEqual([network]);
    expect(await list('/v2.0/networks?name=red')).toEqual([]);
    const changed = await call('PUT', `/v2.0/networks/${network.id}`, { network: { name: 'navy', port_security_enabled: false } });
    expect(entity(changed, 200)).toEqual({ ...network, name: 'navy', port_security_enabled: false });
    expect((await call('DELETE', `/v2.0/networks/${network.id}`)).status).toBe(204);
    expect((await call('GET', `/v2.0/networks/${network.id}`)).body).toEqual({
      error: { message: `There is no network ${network.id}.`, code: 404, title: 'Not Found' },
    });
    expect(await running.ovn.nbctl('ls-list')).not.toContain(network.id);
  });

  test('show what ovn-nbctl does', async () => {
    await running.ovn.nbctl('ls-add', 'by-hand');
    const [found] = await list('/v2.0/networks?name=by-hand');
    expect(found).toMatchObject({ name: 'by-hand', mtu: 1442 });
    await running.ovn.nbctl('set', 'Logical_Switch', 'by-hand', 'external_ids:ovirt_network_name=renamed', 'external_ids:mine=1');
    expect(await list('/v2.0/networks?name=renamed')).toHaveLength(1);
    // What somebody else keeps there stays.
    await call('PUT', `/v2.0/networks/${String(found?.['id'])}`, { network: { mtu: 1300 } });
    expect(await running.ovn.nbctl('get', 'Logical_Switch', 'by-hand', 'external_ids')).toBe(
      '{mine="1", mtu="1300", ovirt_network_name=renamed}',
    );
    await running.ovn.nbctl('ls-del', 'by-hand');
    expect(await list('/v2.0/networks?name=renamed')).toEqual([]);
  });

  test('lead to the wires of hosts', async () => {
    const vlan = { 'provider:network_type': 'vlan', 'provider:physical_network': 'lab', 'provider:segmentation_id': 7 };
    const network = await add('networks', 'network', { name: 'wired', ...vlan });
    expect(network).toMatchObject(vlan);
    const port = await running.ovn.nbctl('--bare', '--columns=type,tag,options,addresses', 'find', 'Logical_Switch_Port', 'type=localnet');
    expect(port.split('\n')).toEqual(['localnet', '7', 'network_name=lab', 'unknown']);
    expect(await list('/v2.0/ports')).toEqual([]);
    const flat = { 'provider:network_type': 'flat', 'provider:segmentation_id': null };
    const changed = entity(await call('PUT', `/v2.0/networks/${network.id}`, { network: flat }), 200);
    expect([changed['provider:network_type'], 'provider:segmentation_id' in changed]).toEqual(['flat', false]);
    expect((await call('DELETE', `/v2.0/networks/${network.id}`)).status).toBe(204);
    expect(await running.ovn.nbctl('--bare', 'find', 'Logical_Switch_Port', 'type=localnet')).toBe('');
  });

  test.each([
    [{}, 'name is missing'],
    [{ name: 5 }, 'name must be a text'],
    [{ name: 'a\nb' }, 'name must be a text'],
    [{ name: 'a', port_security_enabled: 'yes' }, 'port_security_enabled must be true or false'],
    [{ name: 'a', mtu: 5 }, 'mtu must be a whole number from 68 to 65535'],
    [{ name: 'a', 'provider:network_type': 'gre', 'provider:physical_network': 'x' }, 'must be flat or vlan'],
    [{ name: 'a', 'provider:network_type': 'flat' }, 'provider:physical_network is missing'],
    [{ name: 'a', 'provider:network_type': 'vlan', 'provider:physical_network': 'x' }, 'provider:segmentation_id is missing'],
    [
      { name: 'a', 'provider:network_type': 'flat', 'provider:physical_network': 'x', 'provider:segmentation_id': 5 },
      'A flat network has no provider:segmentation_id',
    ],
  ])('are not made of %j', async (fields, message) => {
    const answer = await call('POST', '/v2.0/networks', { network: fields });
    expect([answer.status, messageOf(answer)]).toEqual([400, expect.stringContaining(message)]);
  });
});
