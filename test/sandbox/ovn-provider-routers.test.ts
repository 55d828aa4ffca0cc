import { describe, expect, test } from 'vitest';
import { ovnIsHere } from '../support/ovn.ts';
import { entity, messageOf, useOvnProvider } from '../support/running-ovn-provider.ts';

/* Routers of the provider beside what ovn-nbctl shows. */

const running = useOvnProvider();
const { add, call, list } = running;

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
    expect(await running.ovn.nbctl('lr-route-list', router.id)).toMatch(/0\.0\.0\.0\/0\s+198\.51\.100\.1/);
    const linked = await call('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: lan.id });
    expect(linked).toMatchObject({ status: 200, body: { id: router.id, subnet_id: lan.id, port_id: expect.any(String) } });
    expect(await list(`/v2.0/ports?device_id=${router.id}&device_owner=network:router_interface`)).toMatchObject([
      { id: linked.body['port_id'], network_id: inner.id, fixed_ips: [{ ip_address: '10.2.0.1', subnet_id: lan.id }] },
    ]);
    expect(await running.ovn.nbctl('lr-list')).toContain('(edge)');
    expect(await running.ovn.nbctl('show', router.id)).toContain('networks: ["10.2.0.1/24"]');

    expect((await call('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: lan.id })).status).toBe(409);
    for (const path of [`routers/${router.id}`, `ports/${String(linked.body['port_id'])}`, `subnets/${lan.id}`, `networks/${inner.id}`]) {
      expect([path, (await call('DELETE', `/v2.0/${path}`)).status]).toEqual([path, 409]);
    }

    const routes = [{ destination: '203.0.113.0/24', nexthop: '10.2.0.9' }];
    const changed = entity(await call('PUT', `/v2.0/routers/${router.id}`, { router: { routes, external_gateway_info: null } }), 200);
    expect(changed).toMatchObject({ routes, external_gateway_info: null });
    expect(await running.ovn.nbctl('lr-route-list', router.id)).not.toContain('0.0.0.0/0');

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
    for (const path of [`routers/${router.id}`, `networks/${inner.id}`, `networks/${outer.id}`]) {
      expect([path, (await call('DELETE', `/v2.0/${path}`)).status]).toEqual([path, 204]);
    }
    expect(await running.ovn.nbctl('lr-list')).toBe('');
  });

  test('let who is inside send with the address of the gateway, if that is wanted', async () => {
    const networks = [];
    for (const name of ['outer', 'a', 'b']) networks.push(await add('networks', 'network', { name }));
    const [outer, a, b] = networks.map(({ id }) => id);
    const subnet = (network_id: string | undefined, cidr: string, gateway_ip: string) =>
      add('subnets', 'subnet', { network_id, cidr, gateway_ip, ip_version: cidr.includes(':') ? 6 : 4 });
    const wan = await subnet(outer, '198.51.100.0/24', '198.51.100.1');
    const lans = [await subnet(a, '10.5.0.0/24', '10.5.0.1'), await subnet(b, '10.6.0.0/23', '10.6.0.1')];
    const six = await subnet(b, '2001:db8:0:6::/64', '2001:db8:0:6::1');
    const made = { name: 'edge', external_gateway_info: { network_id: outer, enable_snat: true } };
    const { id } = await add('routers', 'router', made);
    const act = async (word: string, subnetId: string | undefined) =>
      expect((await call('PUT', `/v2.0/routers/${id}/${word}_router_interface`, { subnet_id: subnetId })).status).toBe(200);
    const change = async (external_gateway_info: object | null) =>
      entity(await call('PUT', `/v2.0/routers/${id}`, { router: { external_gateway_info } }), 200)['external_gateway_info'];
    const isOn = async () => entity(await call('GET', `/v2.0/routers/${id}`), 200)['external_gateway_info'];
    const rows = async () =>
      (await running.ovn.nbctl('--bare', '--no-headings', '--format=csv', '--columns=type,external_ip,logical_ip', 'list', 'NAT'))
        .split('\n')
        .filter((line) => line !== '')
        .sort();

    // Nobody is inside yet, and it is remembered.
    expect(await isOn()).toMatchObject({ enable_snat: true });
    expect(await rows()).toEqual([]);
    for (const { id: lan } of [...lans, six]) await act('add', lan);
    expect(await rows()).toEqual(['snat,198.51.100.2,10.5.0.0/24', 'snat,198.51.100.2,10.6.0.0/23']);
    await act('remove', lans[0]?.id);
    expect(await rows()).toEqual(['snat,198.51.100.2,10.6.0.0/23']);

    // OVN does it, once somebody has said on which host; a gateway that moves within its network stays on that.
    const [port] = await list('/v2.0/ports?device_owner=network:router_gateway');
    await running.ovn.nbctl('lrp-set-gateway-chassis', `lrp-${String(port?.id)}`, 'host1');
    const moved = { network_id: outer, external_fixed_ips: [{ subnet_id: wan.id, ip_address: '198.51.100.40' }] };
    expect(await change(moved)).toMatchObject({ enable_snat: true, external_fixed_ips: [{ ip_address: '198.51.100.40' }] });
    expect(await rows()).toEqual(['snat,198.51.100.40,10.6.0.0/23']);
    expect(await list('/v2.0/ports?device_owner=network:router_gateway')).toMatchObject([{ id: port?.id }]);
    expect(await running.ovn.nbctl('lr-route-list', id)).toMatch(/0\.0\.0\.0\/0\s+198\.51\.100\.1/);
    await running.ovn.nbctl('--wait=sb', 'sync');
    expect(await running.ovn.sbctl('lflow-list')).toMatch(/lr_out_snat.*ip4\.src == 10\.6\.0\.0\/23.*ct_snat\w*\(198\.51\.100\.40\)/);

    // What is not said stays; the address of a gateway is not looked for anew.
    expect(await change({ network_id: outer, external_fixed_ips: [{ subnet_id: wan.id }] })).toMatchObject({
      enable_snat: true,
      external_fixed_ips: [{ ip_address: '198.51.100.40' }],
    });
    expect(await change({ network_id: outer, enable_snat: false })).toMatchObject({ enable_snat: false });
    expect(await rows()).toEqual([]);
    await act('add', lans[0]?.id);
    expect(await rows()).toEqual([]);

    // By hand.
    await running.ovn.nbctl('lr-nat-add', id, 'snat', '198.51.100.40', '10.5.0.0/24');
    expect(await isOn()).toMatchObject({ enable_snat: true });
    expect(await list('/v2.0/floatingips')).toEqual([]);
    expect(await change({ network_id: outer, enable_snat: true })).toMatchObject({ enable_snat: true });
    expect(await rows()).toEqual(['snat,198.51.100.40,10.5.0.0/24', 'snat,198.51.100.40,10.6.0.0/23']);
    const strange = await call('POST', '/v2.0/ports', { port: { network_id: outer, fixed_ips: [{ ip_address: '198.51.100.40' }] } });
    expect(strange.status).toBe(409);

    const elsewhere = { external_gateway_info: { network_id: b, enable_snat: true, external_fixed_ips: [{ subnet_id: six.id }] } };
    const refused = await call('POST', '/v2.0/routers', { router: elsewhere });
    expect([refused.status, messageOf(refused)]).toEqual([400, 'enable_snat needs a gateway with an address of IPv4.']);
    expect(await change(null)).toBeNull();
    expect(await rows()).toEqual([]);
    expect(await change({ network_id: outer })).toMatchObject({ enable_snat: false });
    for (const { id: lan } of [...lans, six]) await act('remove', lan);
    for (const path of [`routers/${id}`, ...networks.map((network) => `networks/${network.id}`)]) {
      expect([path, (await call('DELETE', `/v2.0/${path}`)).status]).toEqual([path, 204]);
    }
  });
});
