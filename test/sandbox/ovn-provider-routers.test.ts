import { describe, expect, test } from 'vitest';
import { ovnIsHere } from '../support/ovn.ts';
import { entity, useOvnProvider } from '../support/running-ovn-provider.ts';

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
    const snat = { network_id: outer.id, enable_snat: true };
    expect((await call('PUT', `/v2.0/routers/${router.id}`, { router: { external_gateway_info: snat } })).status).toBe(501);
    for (const path of [`routers/${router.id}`, `networks/${inner.id}`, `networks/${outer.id}`]) {
      expect([path, (await call('DELETE', `/v2.0/${path}`)).status]).toEqual([path, 204]);
    }
    expect(await running.ovn.nbctl('lr-list')).toBe('');
  });
});
