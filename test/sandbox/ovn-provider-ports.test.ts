import { describe, expect, test } from 'vitest';
import { ovnIsHere } from '../support/ovn.ts';
import { entity, messageOf, useOvnProvider } from '../support/running-ovn-provider.ts';
import { eventually } from '../support/trial.ts';

/* Ports and subnets of the provider beside what ovn-nbctl shows and does, with addresses that OVN itself gives. */

const running = useOvnProvider();
const { add, call, list } = running;

describe.skipIf(!ovnIsHere)('ports and subnets', () => {
  test('have addresses that OVN gives them, and are told of by DHCP', async () => {
    const network = await add('networks', 'network', { name: 'green' });
    const early = await add('ports', 'port', { name: 'nic0', network_id: network.id, mac_address: '00:1A:4A:16:01:51' });
    expect(early).toEqual({
      id: early.id,
      name: 'nic0',
      network_id: network.id,
      tenant_id: '00000000000000000000000000000001',
      mac_address: '00:1a:4a:16:01:51',
      admin_state_up: false,
      device_id: '',
      device_owner: '',
      fixed_ips: [],
      security_groups: [expect.any(String)],
      port_security_enabled: true,
    });
    const subnet = await add('subnets', 'subnet', {
      name: 'lan',
      network_id: network.id,
      cidr: '10.1.0.7/24',
      ip_version: 4,
      gateway_ip: '10.1.0.1',
      dns_nameservers: ['10.1.0.2'],
    });
    expect(subnet).toEqual({
      id: subnet.id,
      name: 'lan',
      network_id: network.id,
      tenant_id: '00000000000000000000000000000001',
      cidr: '10.1.0.0/24',
      ip_version: 4,
      enable_dhcp: true,
      gateway_ip: '10.1.0.1',
      dns_nameservers: ['10.1.0.2'],
      allocation_pools: [{ start: '10.1.0.2', stop: '10.1.0.254' }],
      host_routes: [],
    });
    expect(await running.ovn.nbctl('get', 'DHCP_Options', subnet.id, 'cidr', 'options')).toBe(
      '"10.1.0.0/24"\n{dns_server="10.1.0.2", lease_time="86400", mtu="1442", router="10.1.0.1", server_id="10.1.0.1", server_mac="02:00:00:00:00:00"}',
    );
    await eventually('an address of OVN', async () => {
      const port = entity(await call('GET', `/v2.0/ports/${early.id}`), 200);
      return JSON.stringify(port['fixed_ips']) === JSON.stringify([{ ip_address: '10.1.0.2', subnet_id: subnet.id }]);
    });
    expect(await running.ovn.nbctl('get', 'Logical_Switch_Port', early.id, 'dhcpv4_options')).toBe(subnet.id);

    const fixed = await add('ports', 'port', {
      name: 'nic1',
      network_id: network.id,
      fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.1.0.50' }],
      device_id: 'a-machine',
      device_owner: 'oVirt',
      'binding:host_id': 'host1.example.org',
    });
    expect(fixed).toMatchObject({
      fixed_ips: [{ ip_address: '10.1.0.50', subnet_id: subnet.id }],
      device_id: 'a-machine',
      device_owner: 'oVirt',
      'binding:host_id': 'host1.example.org',
    });
    const mac = String(fixed['mac_address']);
    expect(await running.ovn.nbctl('get', 'Logical_Switch_Port', fixed.id, 'name', 'addresses', 'port_security', 'options')).toBe(
      `"${fixed.id}"\n["${mac} 10.1.0.50"]\n["${mac} 10.1.0.50"]\n{requested-chassis=host1.example.org}`,
    );
    const taken = await call('POST', '/v2.0/ports', { port: { network_id: network.id, fixed_ips: [{ ip_address: '10.1.0.50' }] } });
    expect(taken.status).toBe(409);
    expect((await call('DELETE', `/v2.0/subnets/${subnet.id}`)).status).toBe(409);
    expect((await call('DELETE', `/v2.0/networks/${network.id}`)).status).toBe(409);

    const loose = entity(
      await call('PUT', `/v2.0/ports/${fixed.id}`, { port: { fixed_ips: [], name: 'other', port_security_enabled: false } }),
      200,
    );
    expect(loose).toMatchObject({ name: 'other', port_security_enabled: false, security_groups: [] });
    await running.ovn.nbctl('lsp-set-addresses', fixed.id, '00:1a:4a:16:01:99 10.1.0.77');
    expect(entity(await call('GET', `/v2.0/ports/${fixed.id}`), 200)).toMatchObject({
      mac_address: '00:1a:4a:16:01:99',
      fixed_ips: [{ ip_address: '10.1.0.77' }],
    });
    for (const id of [early.id, fixed.id]) expect((await call('DELETE', `/v2.0/ports/${id}`)).status).toBe(204);
    expect((await call('DELETE', `/v2.0/networks/${network.id}`)).status).toBe(204);
    expect(await list('/v2.0/subnets')).toEqual([]);
  });

  test('of IPv6 say how addresses are given', async () => {
    const network = await add('networks', 'network', { name: 'six' });
    const wanted = { network_id: network.id, cidr: '2001:db8:0:1::/64', ip_version: 6, ipv6_address_mode: 'dhcpv6-stateless' };
    const subnet = await add('subnets', 'subnet', wanted);
    expect(subnet).toMatchObject({ ...wanted, allocation_pools: [{ start: '2001:db8:0:1::2', stop: '2001:db8:0:1:ffff:ffff:ffff:ffff' }] });
    const changed = await call('PUT', `/v2.0/subnets/${subnet.id}`, { subnet: { name: 'new', gateway_ip: '2001:db8:0:1::1' } });
    expect(entity(changed, 200)).toMatchObject({ name: 'new', gateway_ip: '2001:db8:0:1::1' });
    const unknown = await call('PUT', `/v2.0/subnets/${subnet.id}`, { subnet: { colour: 'red' } });
    expect([unknown.status, messageOf(unknown)]).toEqual([400, 'These fields are not known here: colour.']);
    expect((await call('DELETE', `/v2.0/subnets/${subnet.id}`)).status).toBe(204);
    await call('DELETE', `/v2.0/networks/${network.id}`);
  });

  test('are not made of nonsense', async () => {
    const network = await add('networks', 'network', { name: 'strict' });
    const on = { network_id: network.id };
    const bad: readonly (readonly [string, string, object])[] = [
      ['subnets', 'subnet', { ...on, cidr: '10.0.0.0/33', ip_version: 4 }],
      ['subnets', 'subnet', { ...on, cidr: '10.0.0.0/24', ip_version: 6 }],
      ['subnets', 'subnet', { ...on, cidr: '10.0.0.0/24' }],
      ['subnets', 'subnet', { ...on, cidr: '10.0.0.0/24', ip_version: 4, gateway_ip: '10.0.1.1' }],
      ['subnets', 'subnet', { ...on, cidr: '10.0.0.0/24', ip_version: 4, dns_nameservers: ['a', 'b'] }],
      ['subnets', 'subnet', { ...on, cidr: '10.0.0.0/24', ip_version: 4, ipv6_address_mode: 'dhcpv6-stateful' }],
      ['subnets', 'subnet', { ...on, cidr: '10.0.0.0/24', ip_version: 4, enable_dhcp: false }],
      ['ports', 'port', {}],
      ['ports', 'port', { ...on, mac_address: '01:00:00:00:00:00' }],
      ['ports', 'port', { ...on, mac_address: '02:00:00:00:00:00 10.0.0.1' }],
      ['ports', 'port', { ...on, fixed_ips: [{ ip_address: '10.0.0.5' }] }],
      ['ports', 'port', { ...on, fixed_ips: [{}, {}] }],
      ['ports', 'port', { ...on, admin_state_up: 'yes' }],
      ['ports', 'port', { ...on, port_security_enabled: false, security_groups: ['x'] }],
    ];
    for (const [rel, one, fields] of bad)
      expect([fields, (await call('POST', `/v2.0/${rel}`, { [one]: fields })).status]).toEqual([fields, 400]);
    expect((await call('POST', '/v2.0/ports', { port: { network_id: 'none' } })).status).toBe(404);
    await call('DELETE', `/v2.0/networks/${network.id}`);
  });
});
