import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ovnIsHere } from '../support/ovn.ts';
import { entity, type Entity, messageOf, useOvnProvider } from '../support/running-ovn-provider.ts';
import { eventually } from '../support/trial.ts';

/* Floating addresses of the provider beside the translations that ovn-nbctl shows and makes, and what OVN itself makes of them. */

const running = useOvnProvider();
const { add, call, list } = running;
const nbctl = (...args: string[]) => running.ovn.nbctl(...args);

/** A network outside and one inside, a router between them, and a port inside with 10.3.0.50. */
interface Site {
  readonly outer: Entity;
  readonly wan: Entity;
  readonly inner: Entity;
  readonly lan: Entity;
  readonly router: Entity;
  readonly port: Entity;
}
let site: Site;

beforeEach(async () => {
  if (!ovnIsHere) return;
  const [outer, inner] = [await add('networks', 'network', { name: 'outer' }), await add('networks', 'network', { name: 'inner' })];
  const v4 = { ip_version: 4 };
  const wan = await add('subnets', 'subnet', { ...v4, network_id: outer.id, cidr: '198.51.100.0/24', gateway_ip: '198.51.100.1' });
  const lan = await add('subnets', 'subnet', { ...v4, network_id: inner.id, cidr: '10.3.0.0/24', gateway_ip: '10.3.0.1' });
  const router = await add('routers', 'router', { name: 'edge', external_gateway_info: { network_id: outer.id } });
  expect((await call('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: lan.id })).status).toBe(200);
  const port = await add('ports', 'port', { network_id: inner.id, fixed_ips: [{ ip_address: '10.3.0.50' }] });
  site = { outer, wan, inner, lan, router, port };
});

afterEach(async () => {
  if (!ovnIsHere) return;
  for (const { id } of await list('/v2.0/floatingips')) expect((await call('DELETE', `/v2.0/floatingips/${id}`)).status).toBe(204);
  for (const { id } of await list('/v2.0/routers')) {
    for (const port of await list(`/v2.0/ports?device_id=${id}&device_owner=network:router_interface`)) {
      await call('PUT', `/v2.0/routers/${id}/remove_router_interface`, { port_id: port.id });
    }
    expect((await call('DELETE', `/v2.0/routers/${id}`)).status).toBe(204);
  }
  for (const { id } of await list('/v2.0/ports')) expect((await call('DELETE', `/v2.0/ports/${id}`)).status).toBe(204);
  for (const { id } of await list('/v2.0/networks')) expect((await call('DELETE', `/v2.0/networks/${id}`)).status).toBe(204);
  for (const table of ['Logical_Switch_Port', 'Logical_Router', 'NAT']) expect(await nbctl('--bare', 'list', table)).toBe('');
});

const floating = (fields: object = {}) => add('floatingips', 'floatingip', { floating_network_id: site.outer.id, ...fields });
const change = async (id: string, fields: object) => entity(await call('PUT', `/v2.0/floatingips/${id}`, { floatingip: fields }), 200);
const excluded = () => nbctl('get', 'Logical_Switch', site.outer.id, 'other_config:exclude_ips');
/** What the router translates: type, address outside, address inside. */
const translations = async () =>
  (await nbctl('lr-nat-list', site.router.id))
    .split('\n')
    .slice(1)
    .map((line) =>
      line
        .trim()
        .split(/\s+/)
        .filter((word) => /^(?:snat|dnat|dnat_and_snat|[\d./]+)$/.test(word)),
    );

describe.skipIf(!ovnIsHere)('a floating address', () => {
  test('is kept in its network until it is deleted, and OVN gives it to nobody', async () => {
    const kept = await floating({ description: 'for later' });
    expect(kept).toEqual({
      id: kept.id,
      floating_ip_address: '198.51.100.254',
      floating_network_id: site.outer.id,
      fixed_ip_address: null,
      port_id: null,
      router_id: null,
      status: 'DOWN',
      description: 'for later',
      tenant_id: '00000000000000000000000000000001',
      project_id: '00000000000000000000000000000001',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      updated_at: kept['created_at'],
      revision_number: 1,
      tags: [],
    });
    expect(await list(`/v2.0/ports?device_owner=network:floatingip`)).toMatchObject([
      { id: kept.id, device_id: kept.id, fixed_ips: [{ ip_address: '198.51.100.254', subnet_id: site.wan.id }], admin_state_up: false },
    ]);
    expect(await nbctl('get', 'Logical_Switch_Port', kept.id, 'addresses', 'enabled')).toBe('[]\nfalse');
    expect((await floating())['floating_ip_address']).toBe('198.51.100.253');
    // The first one that OVN would give next.
    const early = await floating({ floating_ip_address: '198.51.100.3', subnet_id: site.wan.id });
    expect(await excluded()).toBe('"198.51.100.1 198.51.100.254 198.51.100.253 198.51.100.3"');
    const guest = await add('ports', 'port', { network_id: site.outer.id });
    await eventually(
      'an address of OVN',
      async () =>
        (await call('GET', `/v2.0/ports/${guest.id}`)).body['port'] !== undefined &&
        (await nbctl('get', 'Logical_Switch_Port', guest.id, 'dynamic_addresses')) !== '[]',
    );
    expect(entity(await call('GET', `/v2.0/ports/${guest.id}`), 200)['fixed_ips']).toEqual([
      { ip_address: '198.51.100.4', subnet_id: site.wan.id },
    ]);
    await call('DELETE', `/v2.0/floatingips/${early.id}`);
    expect(await excluded()).toBe('"198.51.100.1 198.51.100.254 198.51.100.253"');
    expect((await call('GET', `/v2.0/floatingips/${early.id}`)).status).toBe(404);
    expect(await list('/v2.0/floatingips?floating_ip_address=198.51.100.254')).toEqual([kept]);
    expect(await list('/v2.0/floatingips?status=ACTIVE')).toEqual([]);
  });

  test('stands for a port, then for another one, then for none, and for the first again', async () => {
    const made = await floating({ port_id: site.port.id });
    expect(made).toMatchObject({
      floating_ip_address: '198.51.100.254',
      fixed_ip_address: '10.3.0.50',
      port_id: site.port.id,
      router_id: site.router.id,
      status: 'ACTIVE',
    });
    expect(await translations()).toEqual([['dnat_and_snat', '198.51.100.254', '10.3.0.50']]);
    expect(await nbctl('--bare', '--columns=logical_port,external_mac', 'list', 'NAT')).toBe(`${site.port.id}\n`);

    const other = await add('ports', 'port', { network_id: site.inner.id });
    await eventually('an address of OVN', async () => (await nbctl('get', 'Logical_Switch_Port', other.id, 'dynamic_addresses')) !== '[]');
    const [{ ip_address: address = '' } = {}] = entity(await call('GET', `/v2.0/ports/${other.id}`), 200)['fixed_ips'] as {
      ip_address?: string;
    }[];
    const row = await nbctl('--bare', '--columns=_uuid', 'list', 'NAT');
    await nbctl('set', 'NAT', row, 'external_mac="00:1a:4a:16:01:51"');
    expect(await change(made.id, { description: 'described' })).toMatchObject({
      port_id: site.port.id,
      description: 'described',
      revision_number: 2,
    });
    expect(await change(made.id, { port_id: site.port.id })).toMatchObject({ port_id: site.port.id });
    expect(await nbctl('--bare', '--columns=_uuid,external_mac', 'list', 'NAT')).toBe(`${row}\n00:1a:4a:16:01:51`);
    expect(await change(made.id, { port_id: other.id, fixed_ip_address: address })).toMatchObject({
      port_id: other.id,
      fixed_ip_address: address,
    });
    expect(await translations()).toEqual([['dnat_and_snat', '198.51.100.254', address]]);
    expect(await nbctl('--bare', '--columns=external_mac', 'list', 'NAT')).toBe('');

    expect(await change(made.id, { port_id: null })).toMatchObject({
      port_id: null,
      router_id: null,
      fixed_ip_address: null,
      status: 'DOWN',
    });
    expect(await translations()).toEqual([]);
    expect(await change(made.id, { port_id: site.port.id })).toMatchObject({ port_id: site.port.id, status: 'ACTIVE' });
    // It outlives the port.
    expect((await call('DELETE', `/v2.0/ports/${site.port.id}`)).status).toBe(204);
    expect(entity(await call('GET', `/v2.0/floatingips/${made.id}`), 200)).toMatchObject({ port_id: null, status: 'DOWN' });
    expect(await translations()).toEqual([]);
  });

  test('is translated by OVN itself, once somebody has said on which host', async () => {
    const made = await floating({ port_id: site.port.id });
    const [gateway] = await list(`/v2.0/ports?device_owner=network:router_gateway`);
    expect(await nbctl('get', 'Logical_Switch_Port', String(gateway?.id), 'options:nat-addresses')).toBe('router');
    await nbctl('lrp-set-gateway-chassis', `lrp-${String(gateway?.id)}`, 'host1');
    await nbctl('--wait=sb', 'sync');
    const flows = await running.ovn.sbctl('lflow-list');
    expect(flows).toMatch(/lr_in_dnat.*ip4\.dst == 198\.51\.100\.254.*ct_dnat\w*\(10\.3\.0\.50\)/);
    expect(flows).toMatch(/lr_out_snat.*ip4\.src == 10\.3\.0\.50.*ct_snat\w*\(198\.51\.100\.254\)/);
    // Nobody but the router answers for the address.
    expect(flows).not.toMatch(/ls_in_arp_rsp.*198\.51\.100\.254/);
    await call('DELETE', `/v2.0/floatingips/${made.id}`);
    await nbctl('--wait=sb', 'sync');
    expect(await running.ovn.sbctl('lflow-list')).not.toContain('198.51.100.254');
  });

  test('that ovn-nbctl has made shows, and is kept as soon as the API changes it', async () => {
    await nbctl('lr-nat-add', site.router.id, 'dnat_and_snat', '198.51.100.77', '10.3.0.50');
    const [found] = await list('/v2.0/floatingips');
    expect(found).toMatchObject({
      floating_ip_address: '198.51.100.77',
      floating_network_id: site.outer.id,
      fixed_ip_address: '10.3.0.50',
      port_id: site.port.id,
      router_id: site.router.id,
      status: 'ACTIVE',
      description: '',
      created_at: null,
    });
    const id = found?.id ?? '';
    const taken = await call('POST', '/v2.0/floatingips', {
      floatingip: { floating_network_id: site.outer.id, floating_ip_address: '198.51.100.77' },
    });
    expect([taken.status, messageOf(taken)]).toEqual([
      409,
      `The address 198.51.100.77 is taken: the router ${site.router.id} translates it.`,
    ]);
    expect(await change(id, { port_id: null })).toMatchObject({ id, port_id: null, status: 'DOWN' });
    expect(await translations()).toEqual([]);
    expect(await excluded()).toContain('198.51.100.77');

    // The other way round: an address that is kept, and somebody says by hand what it stands for.
    await nbctl('lr-nat-add', site.router.id, 'dnat_and_snat', '198.51.100.77', '10.3.0.50', site.port.id, '00:1a:4a:16:01:51');
    expect(await list('/v2.0/floatingips')).toMatchObject([{ id, port_id: site.port.id, status: 'ACTIVE' }]);
    await nbctl('lr-nat-del', site.router.id, 'dnat_and_snat', '198.51.100.77');
    expect(await list('/v2.0/floatingips')).toMatchObject([{ id, port_id: null, status: 'DOWN' }]);

    await nbctl('lr-nat-add', site.router.id, 'dnat_and_snat', '203.0.113.9', '10.3.0.99');
    const [strange] = await list('/v2.0/floatingips?floating_ip_address=203.0.113.9');
    expect(strange).toMatchObject({ floating_network_id: site.outer.id, port_id: null, fixed_ip_address: '10.3.0.99' });
    expect((await call('DELETE', `/v2.0/floatingips/${String(strange?.id)}`)).status).toBe(204);
    expect(await translations()).toEqual([]);
  });

  test('keeps what it needs', async () => {
    const made = await floating({ port_id: site.port.id });
    const { router, port, lan, wan, outer } = site;
    const refused = async (method: string, path: string, body?: object) => {
      const answer = await call(method, `/v2.0/${path}`, body);
      expect([path, answer.status]).toEqual([path, 409]);
      return messageOf(answer);
    };
    expect(await refused('PUT', `routers/${router.id}/remove_router_interface`, { subnet_id: lan.id })).toContain('198.51.100.254');
    expect(await refused('PUT', `routers/${router.id}`, { router: { external_gateway_info: null } })).toContain('198.51.100.254');
    expect(await refused('PUT', `ports/${port.id}`, { port: { fixed_ips: [] } })).toContain('198.51.100.254');
    expect(await refused('PUT', `ports/${port.id}`, { port: { fixed_ips: [{ ip_address: '10.3.0.51' }] } })).toContain('198.51.100.254');
    expect(await refused('DELETE', `ports/${made.id}`)).toContain('keeps a floating address');
    expect(await refused('PUT', `ports/${made.id}`, { port: { name: 'other' } })).toContain('keeps a floating address');
    expect(await refused('PUT', `routers/${router.id}/add_router_interface`, { port_id: made.id })).toContain('keeps a floating address');
    expect(await refused('PUT', `subnets/${wan.id}`, { subnet: { gateway_ip: '198.51.100.254' } })).toContain('is a floating one');
    await refused('DELETE', `subnets/${wan.id}`);
    await refused('DELETE', `networks/${outer.id}`);
    await refused('POST', 'ports', { port: { network_id: outer.id, fixed_ips: [{ ip_address: '198.51.100.254' }] } });
    expect(await translations()).toEqual([['dnat_and_snat', '198.51.100.254', '10.3.0.50']]);
    // What changes nothing about it is allowed.
    for (const fields of [{ name: 'web' }, { fixed_ips: [{ ip_address: '10.3.0.50' }] }]) {
      expect((await call('PUT', `/v2.0/ports/${port.id}`, { port: fields })).status).toBe(200);
    }
    const moved = { external_gateway_info: { network_id: outer.id, external_fixed_ips: [{ ip_address: '198.51.100.9' }] } };
    expect((await call('PUT', `/v2.0/routers/${router.id}`, { router: moved })).status).toBe(200);
    expect(await list('/v2.0/floatingips')).toMatchObject([{ id: made.id, port_id: port.id, router_id: router.id, status: 'ACTIVE' }]);
    // Where OVN finds addresses is told of a new gateway without forgetting those that are kept.
    expect((await call('PUT', `/v2.0/subnets/${wan.id}`, { subnet: { gateway_ip: '198.51.100.5' } })).status).toBe(200);
    expect(await excluded()).toBe('"198.51.100.254 198.51.100.5"');
  });

  test('is not made of nonsense, nor where no router leads', async () => {
    const { outer, inner, port, lan, router } = site;
    const dark = await add('networks', 'network', { name: 'dark' });
    const cut = await add('networks', 'network', { name: 'cut off' });
    await add('subnets', 'subnet', { network_id: cut.id, cidr: '10.4.0.0/24', ip_version: 4, gateway_ip: '10.4.0.1' });
    const lost = await add('ports', 'port', { network_id: cut.id, fixed_ips: [{ ip_address: '10.4.0.9' }] });
    const bare = await add('ports', 'port', { network_id: dark.id });
    const busy = await floating({ port_id: port.id });
    const [side] = await list('/v2.0/ports?device_owner=network:router_interface');
    const on = { floating_network_id: outer.id };
    const cases: readonly (readonly [object, number, string])[] = [
      [{}, 400, 'floating_network_id is missing'],
      [{ floating_network_id: 'none' }, 404, 'There is no network none'],
      [{ floating_network_id: dark.id }, 400, 'no subnet of IPv4'],
      [{ ...on, colour: 'red' }, 400, 'not known here: colour'],
      [{ ...on, subnet_id: lan.id }, 400, 'subnet_id must be a subnet'],
      [{ ...on, floating_ip_address: 'x' }, 400, 'floating_ip_address must be'],
      [{ ...on, floating_ip_address: '10.3.0.7' }, 400, 'floating_ip_address must be'],
      [{ ...on, floating_ip_address: '198.51.100.255' }, 400, 'floating_ip_address must be'],
      [{ ...on, floating_ip_address: '2001:db8::1' }, 400, 'floating_ip_address must be'],
      [{ ...on, floating_ip_address: '198.51.100.1' }, 409, 'that of the gateway'],
      [{ ...on, floating_ip_address: '198.51.100.2' }, 409, 'is taken: the port'],
      [{ ...on, floating_ip_address: '198.51.100.254' }, 409, `is taken: the port ${busy.id}`],
      [{ ...on, fixed_ip_address: '10.3.0.50' }, 400, 'fixed_ip_address needs port_id'],
      [{ ...on, port_id: 'none' }, 404, 'There is no port none'],
      [{ ...on, port_id: port.id, fixed_ip_address: '10.3.0.51' }, 400, 'has no address 10.3.0.51'],
      [{ ...on, port_id: port.id }, 409, 'has the floating address 198.51.100.254 already'],
      [{ ...on, port_id: bare.id }, 400, 'has no address of IPv4'],
      [{ ...on, port_id: lost.id }, 404, 'No router leads from the address 10.4.0.9'],
      [{ ...on, port_id: busy.id }, 400, 'none that a machine could have'],
      [{ ...on, port_id: String(side?.id) }, 400, 'none that a machine could have'],
      [{ floating_network_id: inner.id, port_id: port.id }, 404, 'No router leads'],
    ];
    for (const [fields, status, message] of cases) {
      const answer = await call('POST', '/v2.0/floatingips', { floatingip: fields });
      expect([fields, answer.status, messageOf(answer)]).toEqual([fields, status, expect.stringContaining(message)]);
    }
    for (const fields of [{ floating_network_id: inner.id }, { floating_ip_address: '198.51.100.9' }, { fixed_ip_address: '10.3.0.50' }]) {
      expect((await call('PUT', `/v2.0/floatingips/${busy.id}`, { floatingip: fields })).status).toBe(400);
    }
    expect(await list('/v2.0/floatingips')).toHaveLength(1);
    expect(await translations()).toEqual([['dnat_and_snat', '198.51.100.254', '10.3.0.50']]);
    expect((await call('GET', `/v2.0/floatingips/${router.id}`)).status).toBe(404);
  });

  test('goes by the router that is the gateway of a port where there are several, and moves with it', async () => {
    const { outer, inner, port, router } = site;
    const second = await add('routers', 'router', { name: 'second', external_gateway_info: { network_id: outer.id } });
    const at = await add('ports', 'port', { network_id: inner.id, fixed_ips: [{ ip_address: '10.3.0.2' }] });
    expect((await call('PUT', `/v2.0/routers/${second.id}/add_router_interface`, { port_id: at.id })).status).toBe(200);
    const made = await floating({ port_id: port.id });
    expect(made['router_id']).toBe(router.id);
    await change(made.id, { port_id: null });
    const gone = await call('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: site.lan.id });
    expect(gone.status).toBe(200);
    expect(await change(made.id, { port_id: port.id })).toMatchObject({ router_id: second.id });
    expect(await translations()).toEqual([]);
    expect(await nbctl('lr-nat-list', second.id)).toContain('198.51.100.254');
  });

  test('is made once only when many ask for it at once', async () => {
    const wanted = { floatingip: { floating_network_id: site.outer.id, floating_ip_address: '198.51.100.80' } };
    const answers = await Promise.all(Array.from({ length: 8 }, () => call('POST', '/v2.0/floatingips', wanted)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
    const free = await Promise.all(Array.from({ length: 8 }, () => floating()));
    expect(new Set(free.map((one) => one['floating_ip_address'])).size).toBe(8);
  });
});
