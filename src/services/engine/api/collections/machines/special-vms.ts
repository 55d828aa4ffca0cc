import { randomUUID } from 'node:crypto';
import type { Database } from '../../../../frame/database.ts';
import { machineStatuses, machineStatusNumbers, type MachineStatus } from '../../../machines/machine-status.ts';
import { Refusal } from '../../../http/refusal.ts';
import { blankTemplate } from '../../../zero-id.ts';
import { rejected } from '../../fault.ts';
import type { Values } from '../../search/values.ts';
import { type Given, givenOf, needAll } from '../../store.ts';
import type { Entity } from '../../types.ts';
import type { Field, Occasion, Row, Special, Work } from '../collection.ts';
import { copiesOf, fillingCopies, insertCopies } from '../disks/copies-of-disks.ts';
import { removalWithDisks } from '../disks/removal-of-machine.ts';
import { needPermitOn } from '../permit-on.ts';
import { permits } from '../permits.ts';
import { deviceChanges, devicesOfNew } from './machine-devices.ts';
import { shapeFields } from './machine-fields.ts';
import { type Columns, sizesOf } from './machine-sizes.ts';
import { isBusy, isFree, machineOf, notInStatus } from './machine-subject.ts';

/* Virtual machines as they are added, changed and removed. */

/** The role of those who have made a machine for themselves. */
const managerRole = 'def00006-0000-0000-0000-def000000006';
const machineKind = 2;

/** What clients may set of a virtual machine, besides its shape. */
const fields: Readonly<Record<string, Field>> = {
  ...shapeFields,
  cluster: { column: 'cluster_id', required: true, reference: 'clusters' },
  template: { column: 'vmt_guid', reference: 'templates' },
  instance_type: { column: 'instance_type_id', reference: 'instancetypes', clearable: true },
};

/** What clients gave, by the columns that it is stored in. */
export const columnsOf = (all: readonly Given[]): Columns => Object.fromEntries(all.map(({ field, value }) => [field.column, value]));

/** What an instance type decides. */
const ofInstanceType = [
  ...['mem_size_mb', 'max_memory_size_mb', 'min_allocated_mem', 'balloon_enabled', 'num_of_sockets', 'cpu_per_socket', 'threads_per_cpu'],
  ...['num_of_io_threads', 'auto_startup', 'priority', 'migration_support'],
];

/** A row of `vm_static`. */
export async function rowOf(database: Database, id: unknown): Promise<Row> {
  const [found] = await database.query<{ row: Row }>('select to_jsonb(s) as row from vm_static s where vm_guid = $1', [id]);
  return found?.row ?? {};
}

/** What a machine is given by its instance type, where the client does not say otherwise. */
async function byInstanceType(database: Database, type: unknown, given: Columns): Promise<Columns> {
  if (typeof type !== 'string') return given;
  const row = await rowOf(database, type);
  return { ...Object.fromEntries(ofInstanceType.map((column) => [column, row[column]])), ...given };
}

/** Hosts that a machine may run on, as the client named them; null where it said nothing of them. */
export async function hostsOf({
  entity,
  members,
  asker,
}: Pick<Occasion, 'entity' | 'members' | 'asker'>): Promise<readonly string[] | null> {
  const named = (entity['placement_policy'] as Entity | undefined)?.['hosts'];
  if (!Array.isArray(named)) return null;
  const hosts: string[] = [];
  for (const host of named as readonly Entity[]) hosts.push(await members.resolve('hosts', host, asker));
  return [...new Set(hosts)];
}

/** What takes a permit of administrators, since it decides on which hosts a machine can run. */
export const choices = 'a host, an emulated machine or a processor model of choice';

/** Whether a client chooses another emulated machine, or another processor model, than there was. */
export const choosesHardware = (given: Columns, was: Row): boolean =>
  ['custom_emulated_machine', 'custom_cpu_name'].some((column) => given[column] !== undefined && given[column] !== (was[column] ?? null));

/** Whether a client names other hosts than those that a machine is tied to. */
async function choosesHosts(database: Database, machine: string, hosts: readonly string[] | null): Promise<boolean> {
  if (hosts === null) return false;
  const [found] = await database.query<{ other: boolean }>(
    `select array(select vds_id from vm_host_pinning_map where vm_id = $1 order by vds_id)
       <> array(select distinct unnest($2::uuid[]) order by 1) as other`,
    [machine, hosts],
  );
  return found?.other === true;
}

/** Throws a fault (400) where one of the hosts is not of the cluster. */
async function needTheirs(database: Database, hosts: readonly string[] | null, cluster: unknown): Promise<void> {
  if (hosts === null || hosts.length === 0) return;
  const [found] = await database.query<{ foreign: boolean }>(
    'select exists (select from vds_static where vds_id = any($1::uuid[]) and cluster_id <> $2) as foreign',
    [hosts, cluster],
  );
  if (found?.foreign === true) throw rejected('A host that the virtual machine shall run on belongs to another cluster.');
}

const tied = (values: Values, hosts: readonly string[], from: string): readonly (readonly [string, string])[] => {
  const list = `${values.add(hosts)}::uuid[]`;
  return [
    ['untied', `delete from vm_host_pinning_map where vm_id in (select vm_guid from ${from}) and vds_id <> all(${list})`],
    ['tied', `insert into vm_host_pinning_map (vm_id, vds_id) select vm_guid, unnest(${list}) from ${from} on conflict do nothing`],
  ];
};

const done = ['done', 'select vm_guid::text as id, vm_name::text as name from added'] as const;

/** What a new machine does not have of its template. */
const ofItsOwn = (id: string, template: unknown, userId: string): Columns => ({
  ...{ vm_guid: id, entity_type: 'VM', vmt_guid: template, original_template_id: template, created_by_user_id: userId },
  ...{ template_status: 0, template_version_number: null, template_version_name: null, base_template_id: null },
  ...{ is_delete_protected: false, creation_date: new Date(), _update_date: null },
});

async function adding(occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { database, entity, members, asker } = occasion;
  needAll('vm', fields, entity);
  const asked = columnsOf(await givenOf(fields, entity, members, asker));
  const template = (asked['vmt_guid'] ?? blankTemplate) as string;
  const [cluster, name] = [String(asked['cluster_id']), String(asked['vm_name'])];
  const hosts = await hostsOf(occasion);
  await needPermitOn(occasion, permits.create_vm, template, 'the template');
  await needTheirs(database, hosts, cluster);
  const base = await rowOf(database, template);
  if ((hosts?.length ?? 0) > 0 || choosesHardware(asked, base))
    await needPermitOn(occasion, permits.edit_admin_vm_properties, cluster, choices);
  const given = await byInstanceType(database, asked['instance_type_id'], asked);
  const sizes = await sizesOf(database, given, base, true);
  const id = randomUUID();
  const row = { ...ofItsOwn(id, template, asker.userId), ...given, ...sizes, vmt_guid: template };
  const copies = await copiesOf(database, template, `add virtual machine ${name}`);
  return {
    ...{ object: cluster, machine: id, name },
    event: { code: 34, name: 'USER_ADD_VM', text: 'VM ${name} was created by ${user}.', failed: 57 },
    statement: (values) => [
      [
        'added',
        `insert into vm_static select r.* from vm_static t, lateral jsonb_populate_record(t, ${values.add(JSON.stringify(row))}::jsonb) r
         where t.vm_guid = ${values.add(template)} and t.entity_type = 'TEMPLATE' and t.template_status = 0 returning *`,
      ],
      done,
      [
        'dynamic',
        `insert into vm_dynamic (vm_guid, status) select vm_guid, ${copies.length > 0 ? machineStatuses.image_locked : 0} from added`,
      ],
      ['statistics', 'insert into vm_statistics (vm_guid) select vm_guid from added'],
      ...devicesOfNew(values, template, entity),
      ...insertCopies(values, copies, template, false),
      ...(hosts === null ? [] : tied(values, hosts, 'added')),
      ...(asker.administrator
        ? []
        : [
            [
              'owned',
              `insert into permissions (role_id, ad_element_id, object_id, object_type_id)
               select ${values.add(managerRole)}::uuid, ${values.add(asker.userId)}::uuid, vm_guid, ${machineKind} from added`,
            ] as const,
          ]),
    ],
    ...fillingCopies(copies, { id, name, isTemplate: false }, []),
    otherwise: () => new Refusal(409, 'The template is gone, or a command is working on it.'),
  };
}

/** A machine can be changed unless a command has its disks; what it runs with changes with its next start. */
const unchangeable: readonly MachineStatus[] = ['image_locked', 'unassigned', 'unknown'];

async function changing(occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { database, id, entity, members, asker } = occasion;
  const subject = await machineOf(occasion, id);
  if (unchangeable.includes(subject.status)) throw notInStatus(subject, 'change', ['down', 'up', 'paused', 'suspended']);
  const asked = columnsOf(await givenOf(fields, entity, members, asker));
  const was = await rowOf(database, id);
  // Clients send back what they were shown. A template is where a machine came from, and stays it.
  const { vmt_guid: template = was['vmt_guid'], ...given } = asked;
  if (template !== was['vmt_guid']) throw new Refusal(409, 'The template of a virtual machine cannot be changed.');
  const hosts = await hostsOf(occasion);
  const cluster = (given['cluster_id'] ?? subject.cluster) as string;
  await needTheirs(database, hosts, cluster);
  if (choosesHardware(given, was) || (await choosesHosts(database, id, hosts)))
    await needPermitOn(occasion, permits.edit_admin_vm_properties, id, choices);
  if (cluster !== subject.cluster) await needMovable(occasion, subject, cluster);
  const byType =
    given['instance_type_id'] === was['instance_type_id'] ? given : await byInstanceType(database, given['instance_type_id'], given);
  const columns = { ...byType, ...(await sizesOf(database, byType, was, false)), _update_date: new Date() };
  return {
    ...{ object: id, machine: id, name: subject.name },
    event: { code: 35, name: 'USER_UPDATE_VM', text: 'VM ${name} was changed by ${user}.', failed: 58 },
    statement: (values) => [
      [
        'added',
        `update vm_static set ${Object.entries(columns)
          .map(([column, value]) => `${column} = ${values.add(value)}`)
          .join(', ')} where vm_guid = ${values.add(id)} and ${isFree('vm_guid')} returning vm_guid, vm_name`,
      ],
      done,
      ...deviceChanges(values, entity),
      ...(hosts === null ? [] : tied(values, hosts, 'added')),
    ],
    otherwise: isBusy(`virtual machine ${subject.name}`),
  };
}

/** Throws refusals for a machine that cannot go into another cluster. */
async function needMovable(occasion: Occasion, subject: Awaited<ReturnType<typeof machineOf>>, cluster: string): Promise<void> {
  if (subject.status !== 'down') throw notInStatus(subject, 'change the cluster of', ['down']);
  await needPermitOn(occasion, permits.create_vm, cluster, 'the cluster');
  const [found] = await occasion.database.query<{ same: boolean }>(
    'select storage_pool_id::text is not distinct from $2 as same from cluster where cluster_id = $1',
    [cluster, subject.dataCenter],
  );
  if (found?.same !== true) throw new Refusal(409, 'The cluster belongs to another data center than the virtual machine.');
}

async function removing(occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { id, asks } = occasion;
  const subject = await machineOf(occasion, id);
  if (subject.isProtected)
    throw new Refusal(
      409,
      `Virtual machine ${subject.name} is protected against removal. Take the protection away first (delete_protected).`,
    );
  const from: readonly MachineStatus[] = asks('force') ? ['down', 'image_illegal'] : ['down'];
  if (!from.includes(subject.status)) throw notInStatus(subject, 'remove', from);
  const withDisks = asks('detach_only') ? null : await removalWithDisks(occasion, subject, from);
  if (withDisks !== null) return withDisks;
  return {
    ...{ object: id, machine: id, name: subject.name },
    event: { code: 113, name: 'USER_REMOVE_VM_FINISHED', text: 'VM ${name} was removed by ${user}.', failed: 59 },
    statement: (values) => [
      [
        'known',
        `select vm_guid from vm_dynamic where vm_guid = ${values.add(id)} and status = any(${values.add(machineStatusNumbers(...from))}::integer[])
         and run_on_vds is null and ${isFree('vm_guid')} for update`,
      ],
      ['done', 'delete from vm_static where vm_guid in (select vm_guid from known) returning vm_guid::text as id, vm_name::text as name'],
    ],
    otherwise: isBusy(`virtual machine ${subject.name}`),
  };
}

export const machineSpecial: Special = {
  add: { permit: permits.create_vm, work: adding },
  update: { permit: permits.edit_vm_properties, work: changing },
  remove: { permit: permits.delete_vm, work: removing },
};
