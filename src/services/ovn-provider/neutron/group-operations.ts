import { randomUUID } from 'node:crypto';
import { type Inventory, keys } from '../northbound/inventory.ts';
import type { Northbound, Operation } from '../northbound/northbound.ts';
import { insert, mutate } from '../northbound/operations.ts';
import type { PortGroup } from '../northbound/tables.ts';
import { map, uuids } from '../ovsdb/notation.ts';
import { matchOf, type Rule } from './rule-match.ts';
import { newStamps } from './stamps.ts';

/* How security groups work: rules let through, and a group with every secured port drops what none of them has let. */

const priorities = { dropped: 1000, allowed: 1001 } as const;
const dropName = 'ovirt_drop_all';
const defaultName = 'ovirt_default';

/** Names of port groups stand in expressions, where a hyphen is none of their letters. */
export const groupName = (id: string): string => `ovirt_sg_${id.replaceAll('-', '_')}`;

/** Adds a rule to a group. */
export const addRule = (
  groupId: string,
  group: string,
  ruleId: string,
  rule: Rule,
  external: Readonly<Record<string, string | undefined>>,
) => [
  insert('ACL', ruleId, {
    priority: priorities.allowed,
    direction: rule.direction === 'ingress' ? 'to-lport' : 'from-lport',
    match: matchOf(group, rule),
    action: 'allow-related',
    external_ids: map({ ...ruleIds(rule), ...external }),
  }),
  mutate('Port_Group', groupId, 'acls', 'insert', uuids([ruleId])),
];

/** What a rule is, as it can be read back. */
const ruleIds = (rule: Rule): Readonly<Record<string, string | undefined>> => ({
  ovirt_ether_type: rule.ethertype,
  ovirt_protocol: rule.protocol ?? undefined,
  ovirt_min_port: rule.least === null ? undefined : String(rule.least),
  ovirt_max_port: rule.most === null ? undefined : String(rule.most),
  ovirt_ip_prefix: rule.prefix ?? undefined,
});

const everything = { protocol: null, least: null, most: null, prefix: null, remoteGroup: null } as const;

/** A new group, from which everything may go out; with `among`, its members may reach each other, too. */
export function addGroup(
  id: string,
  { name, label, description, now, among }: { name: string; label: string; description: string; now: number; among: boolean },
): readonly Operation[] {
  const rules: readonly Rule[] = (['IPv4', 'IPv6'] as const).flatMap((ethertype) => [
    { ...everything, direction: 'egress', ethertype },
    ...(among ? [{ ...everything, direction: 'ingress', ethertype, remoteGroup: name } as const] : []),
  ]);
  const stamps = newStamps(now);
  return [
    insert('Port_Group', id, {
      name,
      external_ids: map({ [keys.groupName]: label, [keys.description]: description, ...stamps }),
    }),
    ...rules.flatMap((rule) =>
      addRule(id, name, randomUUID(), rule, {
        ...stamps,
        ovirt_remote_group_id: rule.remoteGroup === null ? undefined : id,
      }),
    ),
  ];
}

/** The group that ports are in of which nobody says anything, and what makes it where it is not there yet. */
export function defaultGroup(inventory: Inventory, now: number): { readonly id: string; readonly made: readonly Operation[] } {
  const present = inventory.groups().find(({ name }) => name === defaultName);
  if (present !== undefined) return { id: present.id, made: [] };
  const id = randomUUID();
  const words = { name: defaultName, label: 'Default', description: 'Default security group', now, among: true };
  return { id, made: addGroup(id, words) };
}

/** The group that drops, and what makes it where it is not there yet. DHCP goes through, as everywhere in Neutron. */
function dropGroup(rows: ReadonlyMap<string, PortGroup>): {
  readonly group: PortGroup | undefined;
  readonly id: string;
  readonly made: readonly Operation[];
} {
  const group = [...rows.values()].find(({ name }) => name === dropName);
  if (group !== undefined) return { group, id: group.id, made: [] };
  const id = randomUUID();
  const acl = (direction: string, match: string, action: string, priority: number): readonly Operation[] => {
    const rule = randomUUID();
    return [insert('ACL', rule, { direction, match, action, priority }), mutate('Port_Group', id, 'acls', 'insert', uuids([rule]))];
  };
  const asksForAddress = '((ip4 && udp.src == 68 && udp.dst == 67) || (ip6 && udp.src == 546 && udp.dst == 547))';
  return {
    group: undefined,
    id,
    made: [
      insert('Port_Group', id, { name: dropName }),
      ...acl('from-lport', `inport == @${dropName} && ip`, 'drop', priorities.dropped),
      ...acl('to-lport', `outport == @${dropName} && ip`, 'drop', priorities.dropped),
      ...acl('from-lport', `inport == @${dropName} && udp && ${asksForAddress}`, 'allow', priorities.allowed),
    ],
  };
}

/**
 * Puts a port into groups, and takes it out of others.
 * @param groups ids of security groups; null: the port is not secured
 */
export function membership(northbound: Northbound, portId: string, groups: readonly string[] | null): readonly Operation[] {
  const rows = northbound.rows('Port_Group');
  const drop = dropGroup(rows);
  const wanted = new Set(groups === null ? [] : [...groups, drop.id]);
  const ours = [...rows.values()].filter((row) => row.id === drop.id || row.external_ids.has(keys.groupName));
  const left = ours.filter((row) => row.ports.includes(portId) && !wanted.has(row.id));
  const entered = [...wanted].filter((id) => rows.get(id)?.ports.includes(portId) !== true);
  return [
    ...(groups === null ? [] : drop.made),
    ...left.map((row) => mutate('Port_Group', row.id, 'ports', 'delete', uuids([portId]))),
    ...entered.map((id) => mutate('Port_Group', id, 'ports', 'insert', uuids([portId]))),
  ];
}
