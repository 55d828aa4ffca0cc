import { randomUUID } from 'node:crypto';
import { Refusal } from '../../../http/refusal.ts';
import { machineStatuses } from '../../../machines/machine-status.ts';
import { blankTemplate } from '../../../zero-id.ts';
import { incomplete, rejected } from '../../fault.ts';
import { givenOf, needAll } from '../../store.ts';
import type { Entity } from '../../types.ts';
import type { Field, Occasion, Special, Work } from '../collection.ts';
import { copiesOf, fillingCopies, insertCopies } from '../disks/copies-of-disks.ts';
import { templateRemoval } from '../disks/removal-of-machine.ts';
import { needPermitOn } from '../permit-on.ts';
import { permits, systemObject } from '../permits.ts';
import { deviceChanges, devicesOfNew } from './machine-devices.ts';
import { shapeFields } from './machine-fields.ts';
import { sizesOf } from './machine-sizes.ts';
import { isBusy, isFree, machineOf, notInStatus } from './machine-subject.ts';
import { choices, choosesHardware, columnsOf, rowOf } from './special-vms.ts';

/* Templates and instance types as they are added, changed and removed. Both are machines that never run. */

interface Kind {
  readonly type: 'template' | 'instance_type';
  readonly entity: 'TEMPLATE' | 'INSTANCE_TYPE';
  readonly noun: string;
  readonly fields: Readonly<Record<string, Field>>;
}

const template: Kind = {
  ...{ type: 'template', entity: 'TEMPLATE', noun: 'Template' },
  fields: { ...shapeFields, 'version.version_name': { column: 'template_version_name', longest: 40 } },
};
const instanceType: Kind = { type: 'instance_type', entity: 'INSTANCE_TYPE', noun: 'Instance type', fields: shapeFields };

const done = ['done', 'select vm_guid::text as id, vm_name::text as name from added'] as const;

/** The event number of what is done with either kind. */
const numbers = { add: 300, update: 302, remove: 304 } as const;

const eventOf = ({ noun }: Kind, change: keyof typeof numbers, name: string): Work['event'] => ({
  code: numbers[change],
  name,
  text: `${noun} \${name} was ${{ add: 'added', update: 'changed', remove: 'removed' }[change]} by \${user}.`,
});

async function changing(kind: Kind, occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { database, id, entity, members, asker } = occasion;
  if (id === blankTemplate) throw new Refusal(409, 'The template Blank cannot be changed.');
  const was = await rowOf(database, id);
  const given = columnsOf(await givenOf(kind.fields, entity, members, asker));
  if (kind === template && choosesHardware(given, was)) await needPermitOn(occasion, permits.edit_admin_template_properties, id, choices);
  const columns = { ...given, ...(await sizesOf(database, given, was, false)), _update_date: new Date() };
  const name = String(was['vm_name']);
  return {
    ...{ object: kind === template ? id : systemObject, name, ...(kind === template ? { template: id } : {}) },
    event: eventOf(kind, 'update', 'USER_UPDATE_VM_TEMPLATE'),
    statement: (values) => [
      [
        'added',
        `update vm_static set ${Object.entries(columns)
          .map(([column, value]) => `${column} = ${values.add(value)}`)
          .join(', ')} where vm_guid = ${values.add(id)} and template_status <> 1 and ${isFree('vm_guid')} returning vm_guid, vm_name`,
      ],
      done,
      ...deviceChanges(values, entity),
    ],
    otherwise: isBusy(`${kind.noun} ${name}`),
  };
}

async function removing(kind: Kind, { database, id }: Occasion): Promise<Omit<Work, 'permit'>> {
  if (id === blankTemplate) throw new Refusal(409, 'The template Blank cannot be removed.');
  const was = await rowOf(database, id);
  const name = String(was['vm_name']);
  if (was['is_delete_protected'] === true)
    throw new Refusal(409, `${kind.noun} ${name} is protected against removal. Take the protection away first (delete_protected).`);
  const [used] = await database.query<{ machines: number }>(
    `select count(*)::integer as machines from vm_static where (vmt_guid = $1 or instance_type_id = $1) and vm_guid <> $1`,
    [id],
  );
  if ((used?.machines ?? 0) > 0) throw new Refusal(409, `${kind.noun} ${name} is in use: ${used?.machines} virtual machines come from it.`);
  const withDisks = await templateRemoval(database, { id, name });
  if (withDisks !== null) return withDisks;
  return {
    ...{ object: kind === template ? id : systemObject, name, ...(kind === template ? { template: id } : {}) },
    event: eventOf(kind, 'remove', 'USER_REMOVE_VM_TEMPLATE'),
    statement: (values) => [
      [
        'done',
        `delete from vm_static where vm_guid = ${values.add(id)} and template_status <> 1 and ${isFree('vm_guid')}
         and not exists (select from disk_vm_element e where e.vm_id = vm_guid) returning vm_guid::text as id, vm_name::text as name`,
      ],
    ],
    otherwise: isBusy(`${kind.noun} ${name}`),
  };
}

/** A template is made from a virtual machine that is down, with copies of its disks. */
async function addingTemplate(occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { database, entity, members, asker } = occasion;
  needAll('template', template.fields, entity);
  const machine = entity['vm'] as Entity | null | undefined;
  if (machine === null || machine === undefined) throw incomplete('template', ['vm'], 'add');
  const source = await machineOf(occasion, await members.resolve('vms', machine, asker));
  // Whoever makes a template has all that is on its disks.
  await needPermitOn(occasion, permits.edit_vm_properties, source.id, `virtual machine ${source.name} for a template`);
  if (source.status !== 'down') throw notInStatus(source, 'make a template of', ['down']);
  const base = await rowOf(database, source.id);
  const given = columnsOf(await givenOf(template.fields, entity, members, asker));
  const object = source.dataCenter ?? source.cluster;
  if (choosesHardware(given, base)) await needPermitOn(occasion, permits.edit_admin_template_properties, object, choices);
  const [id, name] = [randomUUID(), String(given['vm_name'])];
  const copies = await copiesOf(database, source.id, `add template ${name}`);
  const row = {
    ...{ vm_guid: id, entity_type: 'TEMPLATE', vmt_guid: id, original_template_id: null, base_template_id: id, template_version_number: 1 },
    ...{ template_version_name: null, template_status: copies.length > 0 ? 1 : 0, is_delete_protected: false, description: '' },
    ...{ free_text_comment: '', creation_date: new Date(), created_by_user_id: asker.userId, _update_date: null },
    ...given,
    ...(await sizesOf(database, given, base, true)),
  };
  return {
    ...{ object, name, template: id },
    event: eventOf(template, 'add', 'USER_ADD_VM_TEMPLATE'),
    statement: (values) => [
      [
        'known',
        `select vm_guid from vm_dynamic where vm_guid = ${values.add(source.id)} and status = ${machineStatuses.down} and run_on_vds is null and ${isFree('vm_guid')} for update`,
      ],
      [
        'added',
        `insert into vm_static select r.* from vm_static t join known using (vm_guid),
           lateral jsonb_populate_record(t, ${values.add(JSON.stringify(row))}::jsonb) r returning *`,
      ],
      done,
      ...devicesOfNew(values, source.id, entity),
      ...insertCopies(values, copies, source.id, true),
    ],
    ...fillingCopies(copies, { id, name, isTemplate: true }, [source.id, ...copies.map(({ from }) => from)]),
    otherwise: isBusy(`virtual machine ${source.name}`),
  };
}

/** An instance type begins as the smallest machine there is. */
async function addingType(occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { database, entity, members, asker } = occasion;
  needAll('instance_type', instanceType.fields, entity);
  if (entity['memory'] === undefined) throw rejected('An instance type needs memory.');
  const base = await rowOf(database, blankTemplate);
  const given = columnsOf(await givenOf(instanceType.fields, entity, members, asker));
  const row = {
    ...{ vm_guid: randomUUID(), entity_type: 'INSTANCE_TYPE', cluster_id: null, base_template_id: null, template_version_number: null },
    ...{ description: '', creation_date: new Date(), created_by_user_id: asker.userId },
    ...given,
    ...(await sizesOf(database, given, base, true)),
  };
  return {
    ...{ object: systemObject, name: String(given['vm_name']) },
    event: eventOf(instanceType, 'add', 'USER_ADD_VM_TEMPLATE'),
    statement: (values) => [
      [
        'added',
        `insert into vm_static select r.* from vm_static t, lateral jsonb_populate_record(t, ${values.add(JSON.stringify(row))}::jsonb) r
         where t.vm_guid = ${values.add(blankTemplate)} returning *`,
      ],
      done,
      ...devicesOfNew(values, blankTemplate, entity),
    ],
  };
}

export const templateSpecial: Special = {
  add: { permit: permits.create_template, work: addingTemplate },
  update: { permit: permits.edit_template_properties, work: (occasion) => changing(template, occasion) },
  remove: { permit: permits.delete_template, work: (occasion) => removing(template, occasion) },
};

export const instanceTypeSpecial: Special = {
  add: { permit: permits.create_template, work: addingType },
  update: { permit: permits.edit_template_properties, work: (occasion) => changing(instanceType, occasion) },
  remove: { permit: permits.delete_template, work: (occasion) => removing(instanceType, occasion) },
};
