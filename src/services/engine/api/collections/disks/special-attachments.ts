import { diskStatuses } from '../../../disks/disk-status.ts';
import { diskInterfaces } from '../../../disks/disk-words.ts';
import { notFound, Refusal } from '../../../http/refusal.ts';
import { incomplete, invalidValue, rejected } from '../../fault.ts';
import type { Values } from '../../search/values.ts';
import type { Entity } from '../../types.ts';
import { type Occasion, optional, type SpecialChange, textOf, type Work } from '../collection.ts';
import { needPermitOn } from '../permit-on.ts';
import { permits } from '../permits.ts';
import { insertDisk, newDisk } from './disk-shape.ts';
import { changeOf, diskOf, justChanged, needStatus, removalOf } from './special-disks.ts';

/* What is done with the disks of a virtual machine. */

interface Machine {
  readonly id: string;
  readonly name: string;
  readonly isDown: boolean;
  /** Its data center. */
  readonly pool: string | null;
  /** The disk that it is started from, if any. */
  readonly bootDisk: string | null;
  readonly disks: number;
}

/** The machine that an attachment belongs to. Throws a refusal (404). */
async function machineOf({ database, place }: Occasion): Promise<Machine> {
  const [row] = await database.query<Record<string, unknown>>(
    `select s.vm_guid as id, s.vm_name as name, y.status, c.storage_pool_id as pool,
       (select e.disk_id from disk_vm_element e where e.vm_id = s.vm_guid and e.is_boot limit 1) as boot,
       (select count(*)::integer from disk_vm_element e where e.vm_id = s.vm_guid) as disks
     from vm_static s join vm_dynamic y using (vm_guid) left join cluster c using (cluster_id) where s.vm_guid = $1 and s.entity_type = 'VM'`,
    [place.parent],
  );
  if (row === undefined) throw notFound();
  return {
    id: String(row['id']),
    name: String(row['name']),
    isDown: row['status'] === 0,
    pool: optional(row['pool']) ?? null,
    bootDisk: optional(row['boot']) ?? null,
    disks: Number(row['disks']),
  };
}

const columnsByFlag = {
  active: 'is_plugged',
  bootable: 'is_boot',
  pass_discard: 'pass_discard',
  read_only: 'is_readonly',
  uses_scsi_reservation: 'is_using_scsi_reservation',
} as const;

const noReadOnly: readonly string[] = ['IDE', 'SATA'];

/** What a client said of an attachment, as columns. Throws a refusal (400). */
function columnsOf(
  entity: Entity,
  present: { readonly disk_interface?: string; readonly is_readonly?: boolean } = {},
): Record<string, unknown> {
  const columns: Record<string, unknown> = {};
  const word = textOf(entity, 'interface').toLowerCase();
  if (word !== '') {
    if (!Object.hasOwn(diskInterfaces, word)) throw invalidValue('interface', Object.keys(diskInterfaces));
    columns['disk_interface'] = diskInterfaces[word as keyof typeof diskInterfaces];
  }
  for (const [name, column] of Object.entries(columnsByFlag)) if (typeof entity[name] === 'boolean') columns[column] = entity[name];
  const { disk_interface: by, is_readonly: readOnly } = { ...present, ...columns };
  if (readOnly === true && noReadOnly.includes(by ?? '')) throw rejected('A disk at ide or sata cannot be read only.');
  return columns;
}

function needDown({ name, isDown }: Machine, what: string): void {
  if (!isDown) throw new Refusal(409, `Cannot ${what} of virtual machine ${name}: it would have to be down.`);
}

function needNoOtherBootDisk({ bootDisk, name }: Machine, columns: Readonly<Record<string, unknown>>, disk: string | null): void {
  if (columns['is_boot'] === true && bootDisk !== null && bootDisk !== disk)
    throw new Refusal(409, `Virtual machine ${name} is started from another disk already. Make that one not bootable first.`);
}

const attached = (values: Values, machine: string, columns: Readonly<Record<string, unknown>>, from: string): readonly [string, string] => [
  'attached',
  `insert into disk_vm_element (vm_id, disk_id, ${Object.keys(columns).join(', ')}) select ${[
    `${values.add(machine)}::uuid`,
    'disk_id',
    ...Object.entries(columns).map(([name, value]) => `${values.add(value)}::${name === 'disk_interface' ? 'text' : 'boolean'}`),
  ].join(', ')} from ${from} returning disk_id`,
];

const doneWithDisk = 'select disk_id::text as id, disk_alias::text as name from disk';

export const addAttachment: SpecialChange = {
  permit: permits.configure_vm_storage,
  async work(occasion): Promise<Omit<Work, 'permit'>> {
    const { entity } = occasion;
    const machine = await machineOf(occasion);
    const disk = entity['disk'] as Entity | null | undefined;
    if (textOf(entity, 'interface') === '') throw incomplete('disk_attachment', ['interface'], 'add');
    if (disk === null || disk === undefined) throw incomplete('disk_attachment', ['disk'], 'add');
    const columns = { is_plugged: true, is_boot: false, ...columnsOf(entity) };
    if (columns.is_plugged) needDown(machine, 'add a disk that is active to the disks');
    needNoOtherBootDisk(machine, columns, null);
    const isNew = typeof disk.id !== 'string' && (disk['provisioned_size'] ?? null) !== null;
    return isNew ? addingNew(occasion, machine, disk, columns) : addingKnown(occasion, machine, disk, columns);
  },
};

async function addingNew(
  occasion: Occasion,
  machine: Machine,
  given: Entity,
  columns: Record<string, unknown>,
): Promise<Omit<Work, 'permit'>> {
  const disk = await newDisk(occasion, given, `${machine.name}_Disk${machine.disks + 1}`);
  if (given['content_type'] === 'iso') throw rejected('An ISO image is put into the CD drive of a machine, and is no disk of it.');
  if (disk.domain.pool !== machine.pool) throw elsewhere(disk.alias, machine);
  await needPermitOn(occasion, permits.create_disk, disk.domain.id, 'the storage domain');
  return {
    ...{ object: machine.id, name: disk.alias, machine: machine.id },
    event: {
      ...{ code: 78, name: 'USER_ADD_DISK_TO_VM', failed: 79 },
      text: `Disk \${name} of virtual machine ${machine.name} was asked for by \${user}.`,
    },
    statement: (values) => [...insertDisk(values, disk), attached(values, machine.id, columns, 'disk'), ['done', doneWithDisk]],
    begins: {
      type: 'AddDisk',
      parameters: { disk: disk.id, alias: disk.alias, domain: disk.domain.id, machine: { id: machine.id, name: machine.name } },
      locks: [disk.id],
    },
  };
}

const elsewhere = (alias: string, machine: Machine): Refusal =>
  new Refusal(409, `Disk ${alias} cannot be one of virtual machine ${machine.name}: the machine is in another data center.`);

async function addingKnown(
  occasion: Occasion,
  machine: Machine,
  named: Entity,
  columns: Record<string, unknown>,
): Promise<Omit<Work, 'permit'>> {
  const { database, members, asker } = occasion;
  const id = await members.resolve('disks', named, asker);
  await needPermitOn(occasion, permits.attach_disk, id, 'the disk');
  const disk = await diskOf(database, id);
  needStatus(disk, 'attach', ['ok']);
  if (disk.template !== null) throw new Refusal(409, `Cannot attach disk ${disk.alias}: it belongs to template ${disk.template}.`);
  if (disk.isIso) throw rejected('An ISO image is put into the CD drive of a machine, and is no disk of it.');
  if (disk.pool !== machine.pool) throw elsewhere(disk.alias, machine);
  return {
    ...{ object: machine.id, name: disk.alias, machine: machine.id },
    event: {
      ...{ code: 2016, name: 'USER_ATTACH_DISK_TO_VM', failed: 2017 },
      text: `Disk \${name} was attached to virtual machine ${machine.name} by \${user}.`,
    },
    statement: (values) => [
      [
        'disk',
        // Who asks for the same disk at the same moment is refused by its trigger.
        `update base_disks d set _update_date = now() where disk_id = ${values.add(id)}
         and exists (select from images i where i.image_group_id = d.disk_id and i.active and i.imagestatus = ${diskStatuses.ok})
         and (shareable or not exists (select from disk_vm_element e where e.disk_id = d.disk_id and e.vm_id <> ${values.add(machine.id)}))
         returning disk_id, disk_alias`,
      ],
      attached(values, machine.id, columns, 'disk'),
      ['done', doneWithDisk],
    ],
    otherwise: () => new Refusal(409, `Disk ${disk.alias} is one of another virtual machine, and is not to be shared.`),
  };
}

interface Present extends Record<string, unknown> {
  readonly disk_interface: string;
  readonly is_readonly: boolean;
}

async function presentOf({ database, id, place }: Occasion): Promise<Present> {
  const [row] = await database.query<Present>('select * from disk_vm_element where vm_id = $1 and disk_id = $2', [place.parent, id]);
  if (row === undefined) throw notFound();
  return row;
}

export const updateAttachment: SpecialChange = {
  permit: permits.configure_vm_storage,
  async work(occasion): Promise<Omit<Work, 'permit'>> {
    const { id, entity } = occasion;
    const machine = await machineOf(occasion);
    const present = await presentOf(occasion);
    const changed = Object.entries(columnsOf(entity, present)).filter(([column, value]) => present[column] !== value);
    if (changed.length > 0) needDown(machine, 'change a disk');
    needNoOtherBootDisk(machine, Object.fromEntries(changed), id);
    const given = (entity['disk'] as Entity | null | undefined) ?? {};
    const { id: _id, ...wanted } = given;
    if (Object.keys(wanted).length > 0) await needPermitOn(occasion, permits.edit_disk_properties, id, 'the disk');
    const { disk, statement, begins } = await changeOf(occasion, id, wanted);
    return {
      ...{ object: machine.id, name: disk.alias, machine: machine.id },
      event: { code: 88, name: 'USER_UPDATE_VM_DISK', text: `Disk \${name} of virtual machine ${machine.name} was changed by \${user}.` },
      statement: (values) => [
        ...statement(values),
        [
          'attached',
          `update disk_vm_element set disk_id = disk_id${changed.map(([column, value]) => `, ${column} = ${values.add(value)}`).join('')}
           where vm_id = ${values.add(machine.id)} and disk_id in (select disk_id from disk) returning disk_id`,
        ],
        ['done', doneWithDisk],
      ],
      ...(begins === undefined ? {} : { begins }),
      otherwise: () => justChanged(disk.alias),
    };
  },
};

export const removeAttachment: SpecialChange = {
  permit: permits.configure_vm_storage,
  async work(occasion): Promise<Omit<Work, 'permit'>> {
    const { id, database, asks } = occasion;
    const machine = await machineOf(occasion);
    const present = await presentOf(occasion);
    if (present['is_plugged'] === true) needDown(machine, 'take a disk that is active from the disks');
    if (!asks('detach_only', true)) {
      await needPermitOn(occasion, permits.delete_disk, id, 'the disk');
      return { ...(await removalOf(occasion, id)), object: machine.id, machine: machine.id };
    }
    const disk = await diskOf(database, id);
    return {
      ...{ object: machine.id, name: disk.alias, machine: machine.id },
      event: {
        ...{ code: 2018, name: 'USER_DETACH_DISK_FROM_VM', failed: 2019 },
        text: `Disk \${name} was detached from virtual machine ${machine.name} by \${user}.`,
      },
      statement: (values) => [
        [
          'detached',
          `delete from disk_vm_element where vm_id = ${values.add(machine.id)} and disk_id = ${values.add(id)}
           and not exists (select from command_locks where object_id = disk_id) returning disk_id`,
        ],
        ['done', 'select d.disk_id::text as id, d.disk_alias::text as name from base_disks d join detached using (disk_id)'],
      ],
      otherwise: () => new Refusal(409, `Cannot detach disk ${disk.alias}: a command is working on it. Wait until that has ended.`),
    };
  },
};
