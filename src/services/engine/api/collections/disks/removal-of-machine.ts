import { diskStatuses } from '../../../disks/disk-status.ts';
import { type MachineStatus, machineStatuses, machineStatusNumbers } from '../../../machines/machine-status.ts';
import type { Database } from '../../../../frame/database.ts';
import type { Values } from '../../search/values.ts';
import type { Occasion, Work } from '../collection.ts';
import { isBusy, isFree, type MachineSubject } from '../machines/machine-subject.ts';
import { needRoom } from './disk-shape.ts';
import { diskOf, needStatus } from './special-disks.ts';

/**
 * The removal of a virtual machine along with its disks; null where it has none that go with it. Disks that others have as well stay. Throws a refusal (409) for
 * a disk that cannot be removed now.
 * @param from statuses in which it may be removed
 */
export async function removalWithDisks(
  { database }: Pick<Occasion, 'database'>,
  machine: MachineSubject,
  from: readonly MachineStatus[],
): Promise<Omit<Work, 'permit'> | null> {
  const rows = await database.query<{ id: string }>(
    `select e.disk_id::text as id from disk_vm_element e where e.vm_id = $1
     and not exists (select from disk_vm_element o where o.disk_id = e.disk_id and o.vm_id <> e.vm_id) order by e.disk_id`,
    [machine.id],
  );
  const disks = rows.map(({ id }) => id);
  if (disks.length === 0) return null;
  const illegal: string[] = [];
  for (const id of disks) {
    const disk = await diskOf(database, id);
    if (disk.status === 'illegal') illegal.push(id);
    needStatus(disk, 'remove', ['ok', 'illegal']);
    await needRoom(database, disk.domain, null, `remove disk ${disk.alias}`);
  }
  return {
    ...{ object: machine.id, machine: machine.id, name: machine.name },
    event: { code: 2111, name: 'USER_REMOVE_VM', text: 'The removal of VM ${name} with its disks was asked for by ${user}.', failed: 59 },
    statement: (values) => {
      const [id, ids] = [values.add(machine.id), values.add(disks)];
      const free = values.add([diskStatuses.ok, diskStatuses.illegal]);
      return [
        [
          'known',
          `select vm_guid from vm_dynamic where vm_guid = ${id} and status = any(${values.add(machineStatusNumbers(...from))}::integer[])
           and run_on_vds is null and ${isFree('vm_guid')}
           and not exists (select from images where image_group_id = any(${ids}::uuid[]) and imagestatus <> all(${free}::integer[])) for update`,
        ],
        [
          'locking',
          `update images set imagestatus = ${diskStatuses.locked} where image_group_id = any(${ids}::uuid[]) and exists (select from known)`,
        ],
        [
          'moved',
          `update vm_dynamic set status = ${machineStatuses.image_locked}, status_since = now()
           where vm_guid in (select vm_guid from known) returning vm_guid`,
        ],
        ['done', 'select vm_guid::text as id, vm_name::text as name from vm_static join moved using (vm_guid)'],
      ];
    },
    begins: {
      type: 'RemoveMachine',
      parameters: { machine: machine.id, name: machine.name, disks, illegal },
      locks: [machine.id, ...disks],
    },
    otherwise: isBusy(`virtual machine ${machine.name}`),
  };
}

/** The same of a template; its disks are nobody else's. */
export async function templateRemoval(
  database: Database,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<Omit<Work, 'permit'> | null> {
  const rows = await database.query<{ id: string; alias: string; status: number; domain: string }>(
    `select d.disk_id::text as id, d.disk_alias as alias, i.imagestatus as status, m.storage_domain_id as domain
     from disk_vm_element e join base_disks d using (disk_id) join images i on i.image_group_id = d.disk_id and i.active
       join image_storage_domain_map m on m.image_id = i.image_guid where e.vm_id = $1 order by d.disk_id`,
    [id],
  );
  if (rows.length === 0) return null;
  for (const { alias, status, domain } of rows) {
    if (status === diskStatuses.locked) throw isBusy(`disk ${alias}`)();
    await needRoom(database, domain, null, `remove disk ${alias}`);
  }
  const disks = rows.map((row) => row.id);
  const illegal = rows.filter(({ status }) => status === diskStatuses.illegal).map((row) => row.id);
  return {
    ...{ object: id, template: id, name },
    event: { code: 304, name: 'USER_REMOVE_VM_TEMPLATE', text: 'The removal of template ${name} was asked for by ${user}.' },
    statement: (values: Values) => [
      [
        'moved',
        `update vm_static set template_status = 1 where vm_guid = ${values.add(id)} and template_status <> 1 and ${isFree('vm_guid')}
         and not exists (select from vm_static v where v.vmt_guid = ${values.add(id)} and v.vm_guid <> v.vmt_guid) returning vm_guid, vm_name`,
      ],
      [
        'locking',
        `update images set imagestatus = ${diskStatuses.locked} where image_group_id = any(${values.add(disks)}::uuid[]) and exists (select from moved)`,
      ],
      ['done', 'select vm_guid::text as id, vm_name::text as name from moved'],
    ],
    begins: { type: 'RemoveMachine', parameters: { machine: id, name, disks, illegal, template: true }, locks: [id, ...disks] },
    otherwise: isBusy(`template ${name}`),
  };
}
