import { randomUUID } from 'node:crypto';
import { badRequest, conflict, notFound } from '../http/fault.ts';
import { type Fields, required } from '../http/fields.ts';
import { tenantId } from '../keystone.ts';
import { keys } from '../northbound/inventory.ts';
import { mutate, needs } from '../northbound/operations.ts';
import type { PortGroup, Row } from '../northbound/tables.ts';
import { uuids } from '../ovsdb/notation.ts';
import { readCidr } from './addresses.ts';
import { addRule } from './group-operations.ts';
import type { Parts } from './parts.ts';
import type { Entity, Resource } from './resource.ts';
import { judgeRule, matchOf, protocolOf, type Rule } from './rule-match.ts';
import { describeStamps, newStamps } from './stamps.ts';

const known = [
  'id', 'direction', 'ethertype', 'protocol', 'port_range_min', 'port_range_max', 'remote_ip_prefix', 'remote_group_id',
  'security_group_id', 'description', 'tenant_id', 'project_id',
]; // prettier-ignore

/** A rule of a group as clients see it. */
export function describeRule(rule: Row<'ACL'>, groupId: string): Entity {
  const ids = rule.external_ids;
  const number = (key: string): number | null => (ids.has(key) ? Number(ids.get(key)) : null);
  return {
    id: rule.id,
    security_group_id: groupId,
    direction: rule.direction === 'to-lport' ? 'ingress' : 'egress',
    ethertype: ids.get('ovirt_ether_type') ?? 'IPv4',
    protocol: ids.get('ovirt_protocol') ?? null,
    port_range_min: number('ovirt_min_port'),
    port_range_max: number('ovirt_max_port'),
    remote_ip_prefix: ids.get('ovirt_ip_prefix') ?? null,
    remote_group_id: ids.get('ovirt_remote_group_id') ?? null,
    description: ids.get(keys.description) ?? '',
    tenant_id: tenantId,
    project_id: tenantId,
    ...describeStamps(ids),
  };
}

/** Rules of security groups: entries of access control lists. They are made and removed, never changed. */
export function securityGroupRules({ northbound, inventory, now }: Parts): Resource {
  const all = (): readonly { readonly group: PortGroup; readonly rule: Row<'ACL'> }[] => {
    const rows = northbound.rows('ACL');
    return inventory.groups().flatMap((group) =>
      group.acls.flatMap((id) => {
        const rule = rows.get(id);
        return rule === undefined ? [] : [{ group, rule }];
      }),
    );
  };
  const find = (id: string) => {
    const found = all().find(({ rule }) => rule.id === id);
    if (found === undefined) throw notFound('rule of a security group', id);
    return found;
  };

  return {
    rel: 'security-group-rules',
    one: 'security_group_rule',
    many: 'security_group_rules',
    list: () => all().map(({ rule, group }) => describeRule(rule, group.id)),
    get(id) {
      const { rule, group } = find(id);
      return describeRule(rule, group.id);
    },
    async add(fields) {
      fields.only(known);
      const group = inventory.group(required(fields, 'security_group_id'));
      const remoteId = fields.text('remote_group_id');
      const remote = typeof remoteId === 'string' ? inventory.group(remoteId) : null;
      const rule = readRule(fields, remote?.name ?? null);
      judgeRule(rule);
      const match = matchOf(group.name, rule);
      const rows = northbound.rows('ACL');
      const equal = group.acls.find((id) => rows.get(id)?.match === match && rows.get(id)?.action === 'allow-related');
      if (equal !== undefined) throw conflict(`The security group has this rule already: ${equal}.`);
      const id = randomUUID();
      await northbound.transact([
        needs('Port_Group', group.id),
        ...(remote === null ? [] : [needs('Port_Group', remote.id)]),
        ...addRule(group.id, group.name, id, rule, {
          ovirt_remote_group_id: remote?.id,
          [keys.description]: fields.text('description') ?? undefined,
          ...newStamps(now()),
        }),
      ]);
      return id;
    },
    async remove(id) {
      const { group } = find(id);
      await northbound.transact([mutate('Port_Group', group.id, 'acls', 'delete', uuids([id]))]);
    },
  };
}

function readRule(fields: Fields, remoteGroup: string | null): Rule {
  const direction = required(fields, 'direction');
  if (direction !== 'ingress' && direction !== 'egress') throw badRequest('direction must be ingress or egress.');
  const prefix = fields.text('remote_ip_prefix') ?? null;
  const ethertype = fields.text('ethertype') ?? 'IPv4';
  if (ethertype !== 'IPv4' && ethertype !== 'IPv6') throw badRequest('ethertype must be IPv4 or IPv6.');
  const cidr = prefix === null ? null : readCidr(prefix.includes('/') ? prefix : `${prefix}/${prefix.includes(':') ? 128 : 32}`);
  if (prefix !== null && cidr === null) throw badRequest('remote_ip_prefix must be a network, as in 192.0.2.0/24.');
  const protocol = protocolOf(protocolText(fields));
  return {
    direction,
    ethertype,
    protocol: protocol === 'icmp' && ethertype === 'IPv6' ? 'icmpv6' : protocol,
    least: fields.integer('port_range_min', 0, 65_535) ?? null,
    most: fields.integer('port_range_max', 0, 65_535) ?? null,
    prefix: cidr?.text ?? null,
    remoteGroup,
  };
}

/** A protocol may be written as a number, too. */
function protocolText(fields: Fields): string | null {
  try {
    return fields.text('protocol', 20) ?? null;
  } catch {
    return String(fields.integer('protocol', 0, 255) ?? '');
  }
}
