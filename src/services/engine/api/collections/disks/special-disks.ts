import type { Database } from '../../../../frame/database.ts';
import { type DiskRecord, findDisk } from '../../../disks/disk-records.ts';
import { diskStatuses } from '../../../disks/disk-status.ts';
import { backups } from '../../../disks/disk-words.ts';
import { notFound, Refusal } from '../../../http/refusal.ts';
import { machineStatuses } from '../../../machines/machine-status.ts';
import { immutable, rejected } from '../../fault.ts';
import type { Entity } from '../../types.ts';
import type { Values } from '../../search/values.ts';
import { type Occasion, type SpecialChange, textOf, type Work } from '../collection.ts';
import { permits } from '../permits.ts';
import { numberIn } from '../stored.ts';
import { insertDisk, namesOf, needRoom, newDisk, sizeOf } from './disk-shape.ts';

/* What is done with disks. */

/** A disk with the machines that use it now. */
export interface Subject extends DiskRecord {
  readonly shareable: boolean;
  /** The template that it belongs to, which keeps it as it is; null where there is none. */
  readonly template: string | null;
  /** Names of virtual machines that have it, or have it in their CD drive, and are not down. */
  readonly usedBy: readonly string[];
}

/** The disk that something is done with. Throws a refusal (404). */
export async function diskOf(database: Database, id: string): Promise<Subject> {
  const disk = await findDisk(database, id);
  if (disk === null) throw notFound();
  const [row] = await database.query<{ shareable: boolean; template: string | null; used: readonly string[] | null }>(
    `select shareable, (select v.vm_name from disk_vm_element e join vm_static v on v.vm_guid = e.vm_id
       where e.disk_id = d.disk_id and v.entity_type = 'TEMPLATE' limit 1) as template, (select json_agg(v.vm_name order by v.vm_name) from vm_static v join vm_dynamic y using (vm_guid)
       where y.status <> ${machineStatuses.down} and (y.current_cd = d.disk_id::text
         or exists (select from disk_vm_element e where e.vm_id = v.vm_guid and e.disk_id = d.disk_id and e.is_plugged))) as used
     from base_disks d where disk_id = $1`,
    [id],
  );
  return { ...disk, shareable: row?.shareable === true, template: row?.template ?? null, usedBy: row?.used ?? [] };
}

/** Throws a refusal (409) for a disk whose status does not allow something. */
export function needStatus({ alias, status }: Subject, what: string, from: readonly Subject['status'][]): void {
  if (from.includes(status)) return;
  throw new Refusal(409, `Cannot ${what} disk ${alias}: its status is ${status}, and it would have to be ${from.join(' or ')}.`);
}

/** Throws a refusal (409) for a disk that a machine is using, or that belongs to a template. */
export function needIdle({ alias, template, usedBy }: Subject, what: string): void {
  if (template !== null) throw new Refusal(409, `Cannot ${what} disk ${alias}: it belongs to template ${template}.`);
  if (usedBy.length === 0) return;
  throw new Refusal(409, `Cannot ${what} disk ${alias}: ${usedBy.join(', ')} would have to be down.`);
}

/** Adds a disk, and has its volume made. */
export const addDisk: SpecialChange = {
  permit: permits.create_disk,
  async work(occasion): Promise<Omit<Work, 'permit'>> {
    const disk = await newDisk(occasion, occasion.entity);
    return {
      ...{ object: disk.domain.id, name: disk.alias, storageDomain: disk.domain.id },
      event: { code: 2020, name: 'USER_ADD_DISK', text: 'Disk ${name} was asked for by ${user}.', failed: 2023 },
      statement: (values) => [...insertDisk(values, disk), ['done', 'select disk_id::text as id, disk_alias::text as name from disk']],
      begins: { type: 'AddDisk', parameters: { disk: disk.id, alias: disk.alias, domain: disk.domain.id }, locks: [disk.id] },
    };
  },
};

/** The statement that takes the image of a disk from one of some statuses to `locked`, while no machine runs with it. */
export const lockImage = (values: Values, id: string, from: readonly Subject['status'][]): readonly [string, string] => [
  'moved',
  `update images set imagestatus = ${values.add(diskStatuses.locked)} where image_group_id = ${values.add(id)}
   and imagestatus = any(${values.add(from.map((status) => diskStatuses[status]))}::integer[])
   and not exists (select from disk_vm_element e join vm_dynamic y on y.vm_guid = e.vm_id
     where e.disk_id = image_group_id and e.is_plugged and y.status <> ${machineStatuses.down}) returning image_group_id`,
];

const movedDisk = (from: string): readonly [string, string] => [
  'done',
  `select d.disk_id::text as id, d.disk_alias::text as name from base_disks d join ${from} on image_group_id = d.disk_id`,
];

export const justChanged = (alias: string): Refusal => new Refusal(409, `Disk ${alias} has just changed. Try again.`);

/** Removes a disk with all that is on it. */
export const removalOf = async ({ database }: Pick<Occasion, 'database'>, id: string): Promise<Omit<Work, 'permit'>> => {
  const disk = await diskOf(database, id);
  const from = ['ok', 'illegal'] as const;
  needStatus(disk, 'remove', from);
  needIdle(disk, 'remove');
  await needRoom(database, disk.domain, null, `remove disk ${disk.alias}`);
  return {
    ...{ object: id, name: disk.alias, storageDomain: disk.domain },
    event: { code: 2110, name: 'USER_REMOVE_DISK', text: 'The removal of disk ${name} was asked for by ${user}.', failed: 2015 },
    statement: (values) => [lockImage(values, id, from), movedDisk('moved')],
    begins: { type: 'RemoveDisk', parameters: { disk: id, alias: disk.alias, domain: disk.domain, was: disk.status }, locks: [id] },
    otherwise: () => justChanged(disk.alias),
  };
};

export const removeDisk: SpecialChange = {
  permit: permits.delete_disk,
  work: async (occasion) => removalOf(occasion, occasion.id),
};

/** What of a disk can be changed, as columns. Throws a refusal (400, 409) for what cannot be. */
function columnsOf(disk: Subject, entity: Entity): Readonly<Record<string, unknown>> {
  const flags = ['propagate_errors', 'shareable', 'wipe_after_delete'];
  const fixed = { format: disk.isCow ? 'cow' : 'raw', content_type: disk.isIso ? 'iso' : 'data', sparse: String(disk.isSparse) };
  for (const [name, value] of Object.entries(fixed)) {
    const wanted = entity[name];
    if ((typeof wanted === 'string' || typeof wanted === 'boolean') && String(wanted).toLowerCase() !== value) throw immutable(name);
  }
  if (entity['shareable'] === true && disk.isCow) throw rejected('A disk that is shared must have the format raw.');
  if (entity['shareable'] === true && disk.isIso) throw rejected('An ISO image is used by any number of machines without being shared.');
  const backup = textOf(entity, 'backup');
  if (backup === 'incremental' && !disk.isCow) throw rejected('Incremental backup is for disks with the format cow.');
  return {
    ...namesOf(entity),
    ...Object.fromEntries(flags.flatMap((name) => (typeof entity[name] === 'boolean' ? [[name, entity[name]]] : []))),
    ...(backup === '' ? {} : { backup: numberIn(backups, 'backup')(backup) }),
  };
}

/** What a change of a disk comes to: its row, and a command where it becomes larger. */
export interface DiskChange {
  readonly disk: Subject;
  /** Parts of a statement; the one called `disk` returns `disk_id` and `disk_alias`, or no row where it has changed meanwhile. */
  readonly statement: Work['statement'];
  readonly begins?: Work['begins'];
}

export async function changeOf({ database }: Pick<Occasion, 'database'>, id: string, entity: Entity): Promise<DiskChange> {
  const disk = await diskOf(database, id);
  const columns = columnsOf(disk, entity);
  const wanted = entity['provisioned_size'] ?? null;
  const size = wanted === null ? disk.size : sizeOf(wanted);
  if (size < disk.size) throw rejected(`Disk ${disk.alias} has ${disk.size} bytes and cannot become smaller.`);
  const grows = size > disk.size;
  if (columns['shareable'] === false && disk.shareable) await needFewMachines(database, disk);
  if (grows) {
    needStatus(disk, 'enlarge', ['ok']);
    needIdle(disk, 'enlarge');
    await needRoom(database, disk.domain, disk.isSparse ? 0 : size - disk.size, `enlarge disk ${disk.alias}`);
  }
  return {
    disk,
    statement: (values) => [
      ...(grows ? [lockImage(values, id, ['ok'])] : []),
      [
        'disk',
        `update base_disks set ${['_update_date = now()', ...Object.entries(columns).map(([column, value]) => `${column} = ${values.add(value)}`)].join(', ')}
         where disk_id = ${values.add(id)}${grows ? ' and exists (select from moved)' : ''} returning disk_id, disk_alias`,
      ],
    ],
    ...(grows
      ? { begins: { type: 'ExtendDisk', parameters: { disk: id, alias: disk.alias, domain: disk.domain, size }, locks: [id] } }
      : {}),
  };
}

async function needFewMachines(database: Database, { id, alias }: Subject): Promise<void> {
  const [row] = await database.query<{ count: number }>('select count(*)::integer as count from disk_vm_element where disk_id = $1', [id]);
  if ((row?.count ?? 0) > 1) throw new Refusal(409, `Cannot change disk ${alias}: several virtual machines share it.`);
}

export const updateDisk: SpecialChange = {
  permit: permits.edit_disk_properties,
  async work(occasion): Promise<Omit<Work, 'permit'>> {
    const { id } = occasion;
    const { disk, statement, begins } = await changeOf(occasion, id, occasion.entity);
    return {
      ...{ object: id, name: disk.alias, storageDomain: disk.domain },
      event: { code: 2036, name: 'USER_UPDATE_DISK', text: 'Disk ${name} was changed by ${user}.', failed: 2037 },
      statement: (values) => [...statement(values), ['done', 'select disk_id::text as id, disk_alias::text as name from disk']],
      ...(begins === undefined ? {} : { begins }),
      otherwise: () => justChanged(disk.alias),
    };
  },
};
