import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '../http/fault.ts';
import { required } from '../http/fields.ts';
import { tenantId } from '../keystone.ts';
import { keys } from '../northbound/inventory.ts';
import { needs, remove, setKeys } from '../northbound/operations.ts';
import type { PortGroup } from '../northbound/tables.ts';
import { addGroup, groupName } from './group-operations.ts';
import type { Parts } from './parts.ts';
import type { Entity, Resource } from './resource.ts';
import { describeRule } from './security-group-rules.ts';
import { describeStamps, nextStamps } from './stamps.ts';

const known = ['id', 'name', 'description', 'tenant_id', 'project_id'];

/** Security groups: port groups. */
export function securityGroups({ northbound, inventory, now }: Parts): Resource {
  function describe(group: PortGroup): Entity {
    const rules = northbound.rows('ACL');
    const ids = group.external_ids;
    return {
      id: group.id,
      name: ids.get(keys.groupName) ?? '',
      description: ids.get(keys.description) ?? '',
      tenant_id: tenantId,
      project_id: tenantId,
      ...describeStamps(ids),
      security_group_rules: group.acls.flatMap((id) => {
        const rule = rules.get(id);
        return rule === undefined ? [] : [describeRule(rule, group.id)];
      }),
      tags: [],
    };
  }

  return {
    rel: 'security-groups',
    one: 'security_group',
    many: 'security_groups',
    list: () => inventory.groups().map(describe),
    get: (id) => describe(inventory.group(id)),
    async add(fields) {
      fields.only(known);
      const id = randomUUID();
      const words = { name: groupName(id), label: required(fields, 'name'), description: fields.text('description') ?? '' };
      await northbound.transact(addGroup(id, { ...words, now: now(), among: false }));
      return id;
    },
    async change(id, fields) {
      fields.only(known);
      const group = inventory.group(id);
      const name = fields.has('name') ? required(fields, 'name') : undefined;
      const description = fields.text('description');
      if (name === undefined && description === undefined) throw badRequest('name or description is missing.');
      await northbound.transact([
        needs('Port_Group', id),
        setKeys('Port_Group', id, 'external_ids', {
          ...(name === undefined ? {} : { [keys.groupName]: name }),
          ...(description === undefined ? {} : { [keys.description]: description ?? '' }),
          ...nextStamps(group.external_ids, now()),
        }),
      ]);
    },
    async remove(id) {
      const group = inventory.group(id);
      if (group.ports.length > 0) throw conflict(`Ports are in the security group ${id}.`);
      const named = [...northbound.rows('ACL').values()].find(
        (rule) => rule.external_ids.get('ovirt_remote_group_id') === id && !group.acls.includes(rule.id),
      );
      if (named !== undefined) throw conflict(`The rule ${named.id} names the security group ${id}.`);
      await northbound.transact([remove('Port_Group', id)]);
    },
  };
}
