import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askHealth } from '../../src/setup/host/health-socket.ts';
import { addClient, addUser, adminPassword } from '../support/engine.ts';
import { ovnIsHere, startOvn, type TestOvn } from '../support/ovn.ts';
import { caller, providerScope, providerSecret, type Reply, startOvnProvider, type TestProvider } from '../support/ovn-provider.ts';
import { useEngine } from '../support/running-engine.ts';
import { eventually } from '../support/trial.ts';
import { makePki, type TestPki } from '../support/websocket-proxy.ts';

/*
 * The provider between the real engine, which knows who signs in, and the real databases of OVN, with TLS and its own translation into
 * flows. What it does is looked at with ovn-nbctl, and what ovn-nbctl does with the provider.
 */

const running = useEngine(async (postgres) => {
  await addClient(postgres, { id: 'ovirt-provider-ovn', secret: providerSecret, scope: providerScope });
  await addUser(postgres, 'someone', adminPassword);
  await postgres.query(
    `select attach_user_to_role('someone', 'internal-authz', '*', uuid::text, 'SuperUser') from aaa_jdbc.users where name = 'someone'`,
  );
});
let pki: TestPki;
let ovn: TestOvn;
let provider: TestProvider;
let call: (method: string, path: string, body?: object) => Promise<Reply>;

const signIn = (username: string, password: string) =>
  provider.keystone('/v2.0/tokens', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { tenantName: 'tenant', passwordCredentials: { username, password } } }),
  });
const tokenIn = (body: string): string => (JSON.parse(body) as { access: { token: { id: string } } }).access.token.id;

beforeAll(async () => {
  if (!ovnIsHere) return;
  pki = await makePki();
  ovn = await startOvn({
    files: { key: pki.path('host.key'), certificate: pki.path('host.pem'), authority: pki.path('ca.pem') },
    northd: true,
  });
  const engine = { port: running.engine.port, authority: join(running.engine.folder, 'ca.pem') };
  provider = await startOvnProvider(pki, engine, ovn.tls);
  await provider.sees('connected with the northbound database');
  call = caller(provider.neutron, tokenIn((await signIn('admin@internal', adminPassword)).body));
});
afterAll(async () => {
  if (!ovnIsHere) return;
  await provider.end();
  await ovn.stop();
  await pki.remove();
});

/** The entity in an answer that must have a status. */
const entity = ({ status, body }: Reply, wanted: number): Readonly<Record<string, unknown>> & { readonly id: string } => {
  expect(body).not.toHaveProperty('error');
  expect(status).toBe(wanted);
  return Object.values(body)[0] as Readonly<Record<string, unknown>> & { readonly id: string };
};
const add = async (rel: string, one: string, fields: object) => entity(await call('POST', `/v2.0/${rel}`, { [one]: fields }), 201);
const list = async (path: string) => Object.values((await call('GET', path)).body)[0] as readonly Readonly<Record<string, unknown>>[];
const messageOf = ({ body }: Reply): string => (body['error'] as { message: string }).message;

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
});

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
    expect(await ovn.nbctl('get', 'Logical_Switch', network.id, 'name', 'external_ids')).toBe(
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
    expect(await ovn.nbctl('ls-list')).not.toContain(network.id);
  });

  test('show what ovn-nbctl does', async () => {
    await ovn.nbctl('ls-add', 'by-hand');
    const [found] = await list('/v2.0/networks?name=by-hand');
    expect(found).toMatchObject({ name: 'by-hand', mtu: 1442 });
    await ovn.nbctl('set', 'Logical_Switch', 'by-hand', 'external_ids:ovirt_network_name=renamed', 'external_ids:mine=1');
    expect(await list('/v2.0/networks?name=renamed')).toHaveLength(1);
    // What somebody else keeps there stays.
    await call('PUT', `/v2.0/networks/${String(found?.['id'])}`, { network: { mtu: 1300 } });
    expect(await ovn.nbctl('get', 'Logical_Switch', 'by-hand', 'external_ids')).toBe('{mine="1", mtu="1300", ovirt_network_name=renamed}');
    await ovn.nbctl('ls-del', 'by-hand');
    expect(await list('/v2.0/networks?name=renamed')).toEqual([]);
  });

  test('lead to the wires of hosts', async () => {
    const vlan = { 'provider:network_type': 'vlan', 'provider:physical_network': 'lab', 'provider:segmentation_id': 7 };
    const network = await add('networks', 'network', { name: 'wired', ...vlan });
    expect(network).toMatchObject(vlan);
    const port = await ovn.nbctl('--bare', '--columns=type,tag,options,addresses', 'find', 'Logical_Switch_Port', 'type=localnet');
    expect(port.split('\n')).toEqual(['localnet', '7', 'network_name=lab', 'unknown']);
    expect(await list('/v2.0/ports')).toEqual([]);
    const flat = { 'provider:network_type': 'flat', 'provider:segmentation_id': null };
    const changed = entity(await call('PUT', `/v2.0/networks/${network.id}`, { network: flat }), 200);
    expect([changed['provider:network_type'], 'provider:segmentation_id' in changed]).toEqual(['flat', false]);
    expect((await call('DELETE', `/v2.0/networks/${network.id}`)).status).toBe(204);
    expect(await ovn.nbctl('--bare', 'find', 'Logical_Switch_Port', 'type=localnet')).toBe('');
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
    expect(await ovn.nbctl('get', 'DHCP_Options', subnet.id, 'cidr', 'options')).toBe(
      '"10.1.0.0/24"\n{dns_server="10.1.0.2", lease_time="86400", mtu="1442", router="10.1.0.1", server_id="10.1.0.1", server_mac="02:00:00:00:00:00"}',
    );
    await eventually('an address of OVN', async () => {
      const port = entity(await call('GET', `/v2.0/ports/${early.id}`), 200);
      return JSON.stringify(port['fixed_ips']) === JSON.stringify([{ ip_address: '10.1.0.2', subnet_id: subnet.id }]);
    });
    expect(await ovn.nbctl('get', 'Logical_Switch_Port', early.id, 'dhcpv4_options')).toBe(subnet.id);

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
    expect(await ovn.nbctl('get', 'Logical_Switch_Port', fixed.id, 'name', 'addresses', 'port_security', 'options')).toBe(
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
    await ovn.nbctl('lsp-set-addresses', fixed.id, '00:1a:4a:16:01:99 10.1.0.77');
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

describe.skipIf(!ovnIsHere)('security groups', () => {
  test('let through what their rules say, and nothing else comes to a secured port', async () => {
    const group = await add('security-groups', 'security_group', { name: 'web', description: 'Servers' });
    expect(group).toMatchObject({
      name: 'web',
      description: 'Servers',
      tenant_id: '00000000000000000000000000000001',
      project_id: '00000000000000000000000000000001',
      revision_number: 1,
      tags: [],
    });
    for (const ethertype of ['IPv4', 'IPv6']) {
      expect(group['security_group_rules']).toContainEqual(expect.objectContaining({ direction: 'egress', ethertype, protocol: null }));
    }
    const wanted = {
      security_group_id: group.id,
      direction: 'ingress',
      ethertype: 'IPv4',
      protocol: 'tcp',
      port_range_min: 80,
      port_range_max: 443,
    };
    const rule = await add('security-group-rules', 'security_group_rule', { ...wanted, remote_ip_prefix: '192.0.2.9/24' });
    expect(rule).toMatchObject({ ...wanted, remote_ip_prefix: '192.0.2.0/24', remote_group_id: null });
    const name = `ovirt_sg_${group.id.replaceAll('-', '_')}`;
    expect(await ovn.nbctl('acl-list', name)).toContain(
      `to-lport  1001 (outport == @${name} && ip4 && ip4.src == 192.0.2.0/24 && tcp && tcp.dst >= 80 && tcp.dst <= 443) allow-related`,
    );
    const twice = await call('POST', '/v2.0/security-group-rules', {
      security_group_rule: { ...wanted, remote_ip_prefix: '192.0.2.0/24' },
    });
    expect(twice.status).toBe(409);

    const network = await add('networks', 'network', { name: 'guarded' });
    const port = await add('ports', 'port', { network_id: network.id, security_groups: [group.id] });
    expect(port['security_groups']).toEqual([group.id]);
    expect(await ovn.nbctl('get', 'Port_Group', 'ovirt_drop_all', 'ports')).toContain(port.id);
    expect(await ovn.nbctl('acl-list', 'ovirt_drop_all')).toContain('(outport == @ovirt_drop_all && ip) drop');
    expect((await call('DELETE', `/v2.0/security-groups/${group.id}`)).status).toBe(409);

    expect(entity(await call('PUT', `/v2.0/ports/${port.id}`, { port: { port_security_enabled: false } }), 200)['security_groups']).toEqual(
      [],
    );
    expect(await ovn.nbctl('get', 'Port_Group', 'ovirt_drop_all', 'ports')).not.toContain(port.id);
    const again = entity(await call('PUT', `/v2.0/ports/${port.id}`, { port: { port_security_enabled: true } }), 200);
    const [standard] = await list('/v2.0/security-groups?name=Default');
    expect(again['security_groups']).toEqual([standard?.['id']]);

    const renamed = entity(await call('PUT', `/v2.0/security-groups/${group.id}`, { security_group: { name: 'www' } }), 200);
    expect(renamed).toMatchObject({ name: 'www', description: 'Servers', revision_number: 2 });
    expect((await call('DELETE', `/v2.0/security-group-rules/${rule.id}`)).status).toBe(204);
    expect((await call('DELETE', `/v2.0/security-groups/${group.id}`)).status).toBe(204);
    await call('DELETE', `/v2.0/ports/${port.id}`);
    await call('DELETE', `/v2.0/networks/${network.id}`);
  });

  test('refuse what they do not know, and nobody gets words of their own into an expression', async () => {
    const group = await add('security-groups', 'security_group', { name: 'strict' });
    const bad: readonly object[] = [
      { direction: 'sideways' },
      { direction: 'ingress', colour: 'red' },
      { direction: 'ingress', ethertype: 'IPX' },
      { direction: 'ingress', protocol: 'tcp || 1' },
      { direction: 'ingress', remote_ip_prefix: '0.0.0.0/0 || 1' },
      { direction: 'ingress', remote_ip_prefix: '2001:db8::/64' },
      { direction: 'ingress', port_range_min: 80, port_range_max: 80 },
      { direction: 'ingress', protocol: 'tcp', port_range_min: 80, port_range_max: 8 },
      { direction: 'ingress', remote_ip_prefix: '0.0.0.0/0', remote_group_id: group.id },
    ];
    for (const fields of bad) {
      const { status } = await call('POST', '/v2.0/security-group-rules', {
        security_group_rule: { security_group_id: group.id, ...fields },
      });
      expect([fields, status]).toEqual([fields, 400]);
    }
    expect((await call('POST', '/v2.0/security-groups', { security_group: { name: 'a', colour: 'red' } })).status).toBe(400);
    await call('DELETE', `/v2.0/security-groups/${group.id}`);
  });
});

describe.skipIf(!ovnIsHere)('routers', () => {
  test('link networks, and lead outwards', async () => {
    const [inner, outer] = [await add('networks', 'network', { name: 'inner' }), await add('networks', 'network', { name: 'outer' })];
    const lan = await add('subnets', 'subnet', { network_id: inner.id, cidr: '10.2.0.0/24', ip_version: 4, gateway_ip: '10.2.0.1' });
    const wan = await add('subnets', 'subnet', {
      network_id: outer.id,
      cidr: '198.51.100.0/24',
      ip_version: 4,
      gateway_ip: '198.51.100.1',
    });
    const router = await add('routers', 'router', { name: 'edge', external_gateway_info: { network_id: outer.id } });
    expect(router).toEqual({
      id: router.id,
      name: 'edge',
      admin_state_up: true,
      status: 'ACTIVE',
      tenant_id: '00000000000000000000000000000001',
      external_gateway_info: {
        network_id: outer.id,
        enable_snat: false,
        external_fixed_ips: [{ ip_address: '198.51.100.2', subnet_id: wan.id }],
      },
      routes: [],
    });
    expect(await ovn.nbctl('lr-route-list', router.id)).toMatch(/0\.0\.0\.0\/0\s+198\.51\.100\.1/);
    const linked = await call('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: lan.id });
    expect(linked).toMatchObject({ status: 200, body: { id: router.id, subnet_id: lan.id, port_id: expect.any(String) } });
    expect(await list(`/v2.0/ports?device_id=${router.id}&device_owner=network:router_interface`)).toMatchObject([
      { id: linked.body['port_id'], network_id: inner.id, fixed_ips: [{ ip_address: '10.2.0.1', subnet_id: lan.id }] },
    ]);
    expect(await ovn.nbctl('lr-list')).toContain('(edge)');
    expect(await ovn.nbctl('show', router.id)).toContain('networks: ["10.2.0.1/24"]');

    expect((await call('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: lan.id })).status).toBe(409);
    for (const path of [`routers/${router.id}`, `ports/${String(linked.body['port_id'])}`, `subnets/${lan.id}`, `networks/${inner.id}`]) {
      expect([path, (await call('DELETE', `/v2.0/${path}`)).status]).toEqual([path, 409]);
    }

    const routes = [{ destination: '203.0.113.0/24', nexthop: '10.2.0.9' }];
    const changed = entity(await call('PUT', `/v2.0/routers/${router.id}`, { router: { routes, external_gateway_info: null } }), 200);
    expect(changed).toMatchObject({ routes, external_gateway_info: null });
    expect(await ovn.nbctl('lr-route-list', router.id)).not.toContain('0.0.0.0/0');

    const port = await add('ports', 'port', { network_id: outer.id, fixed_ips: [{ ip_address: '198.51.100.77' }] });
    expect((await call('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { port_id: port.id })).status).toBe(200);
    expect(entity(await call('GET', `/v2.0/ports/${port.id}`), 200)).toMatchObject({
      device_owner: 'network:router_interface',
      fixed_ips: [{ ip_address: '198.51.100.77' }],
      port_security_enabled: false,
      security_groups: [],
    });
    for (const body of [{ subnet_id: lan.id }, { port_id: port.id }]) {
      expect((await call('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, body)).status).toBe(200);
      expect((await call('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, body)).status).toBe(404);
    }
    const snat = { network_id: outer.id, enable_snat: true };
    expect((await call('PUT', `/v2.0/routers/${router.id}`, { router: { external_gateway_info: snat } })).status).toBe(501);
    for (const path of [`routers/${router.id}`, `networks/${inner.id}`, `networks/${outer.id}`]) {
      expect([path, (await call('DELETE', `/v2.0/${path}`)).status]).toEqual([path, 204]);
    }
    expect(await ovn.nbctl('lr-list')).toBe('');
  });
});

describe.skipIf(!ovnIsHere)('what stands apart', () => {
  test('is a list that is always empty, lists that are always the same, and a diagnosis', async () => {
    expect(await list('/v2.0/floatingips')).toEqual([]);
    expect(await list('/v2.0/extensions')).toContainEqual(expect.objectContaining({ alias: 'security-group' }));
    expect(entity(await call('GET', '/v2.0/extensions/router'), 200)).toMatchObject({ alias: 'router' });
    expect((await call('GET', '/v2.0/extensions/none')).status).toBe(404);
    expect((await call('GET', '/v2.0/tech')).body['tech']).toHaveProperty('Logical_Switch');
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
    const token = tokenIn((await signIn('admin@internal', adminPassword)).body);
    expect((await provider.neutron('/v2.0/networks', { method: 'POST', headers: { 'x-auth-token': token }, body })).status).toBe(400);
  });

  test('a body that is too long is refused before it is read to its end', async () => {
    expect((await call('POST', '/v2.0/networks', { network: { name: 'x'.repeat(300_000) } })).status).toBe(413);
  });
});

describe.skipIf(!ovnIsHere)('an OVN that is away', () => {
  test('is a clear fault, shows in the health of the provider, and is found again', async () => {
    const network = await add('networks', 'network', { name: 'kept' });
    await ovn.kill();
    await provider.sees('lost the northbound database');
    const answer = await call('GET', '/v2.0/networks');
    expect([answer.status, messageOf(answer)]).toEqual([502, expect.stringContaining('The northbound database of OVN cannot be reached')]);
    expect((await call('POST', '/v2.0/networks', { network: { name: 'lost' } })).status).toBe(502);
    expect(await askHealth(provider.healthSocket)).toMatchObject({ service: 'ovn-provider', state: 'degraded', checks: { ovn: 'down' } });
    await ovn.start();
    await eventually('the network again', async () => (await call('GET', `/v2.0/networks/${network.id}`)).status === 200);
    expect(await askHealth(provider.healthSocket)).toMatchObject({ state: 'ready', checks: { ovn: 'up', certificate: 'up' } });
    expect((await call('DELETE', `/v2.0/networks/${network.id}`)).status).toBe(204);
  });

  test('is no reason not to end in order', async () => {
    await ovn.kill();
    expect(await provider.end()).toBe(0);
    expect(provider.log()).not.toContain(providerSecret);
    expect(provider.log()).not.toContain('internal error');
  });
});
