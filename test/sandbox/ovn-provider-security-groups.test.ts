import { describe, expect, test } from 'vitest';
import { ovnIsHere } from '../support/ovn.ts';
import { entity, useOvnProvider } from '../support/running-ovn-provider.ts';

/* Security groups of the provider beside the rules that OVN has then. */

const running = useOvnProvider();
const { add, call, list } = running;

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
    expect(await running.ovn.nbctl('acl-list', name)).toContain(
      `to-lport  1001 (outport == @${name} && ip4 && ip4.src == 192.0.2.0/24 && tcp && tcp.dst >= 80 && tcp.dst <= 443) allow-related`,
    );
    const twice = await call('POST', '/v2.0/security-group-rules', {
      security_group_rule: { ...wanted, remote_ip_prefix: '192.0.2.0/24' },
    });
    expect(twice.status).toBe(409);

    const network = await add('networks', 'network', { name: 'guarded' });
    const port = await add('ports', 'port', { network_id: network.id, security_groups: [group.id] });
    expect(port['security_groups']).toEqual([group.id]);
    expect(await running.ovn.nbctl('get', 'Port_Group', 'ovirt_drop_all', 'ports')).toContain(port.id);
    expect(await running.ovn.nbctl('acl-list', 'ovirt_drop_all')).toContain('(outport == @ovirt_drop_all && ip) drop');
    expect((await call('DELETE', `/v2.0/security-groups/${group.id}`)).status).toBe(409);

    expect(entity(await call('PUT', `/v2.0/ports/${port.id}`, { port: { port_security_enabled: false } }), 200)['security_groups']).toEqual(
      [],
    );
    expect(await running.ovn.nbctl('get', 'Port_Group', 'ovirt_drop_all', 'ports')).not.toContain(port.id);
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
