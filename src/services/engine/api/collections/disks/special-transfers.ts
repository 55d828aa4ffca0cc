import { randomUUID } from 'node:crypto';
import { volumeFormats } from '../../../disks/disk-words.ts';
import { directions, phaseNumber, phaseNumbers, phaseWord, timeoutPolicies, type TransferPhase } from '../../../disks/transfer-phase.ts';
import { statusNumber } from '../../../hosts/host-status.ts';
import { readNumber } from '../../../options.ts';
import { notFound, Refusal } from '../../../http/refusal.ts';
import { incomplete, invalidValue, rejected } from '../../fault.ts';
import type { Entity } from '../../types.ts';
import { type Occasion, type SpecialChange, textOf, type Work } from '../collection.ts';
import { hasPermitOn } from '../permit-on.ts';
import { permits } from '../permits.ts';
import { numberIn, within } from '../stored.ts';
import { needRoom } from './disk-shape.ts';
import { diskOf, justChanged, lockImage, needIdle, needStatus, type Subject } from './special-disks.ts';

/* What is done with transfers of images. */

const named = (entity: Entity, name: string): Entity | null => (entity[name] as Entity | null | undefined) ?? null;

/** The disk that is to be transferred. Clients of old call it an image. Throws refusals (400, 404). */
async function diskNamed({ entity, members, asker }: Occasion): Promise<string> {
  for (const other of ['snapshot', 'backup']) if (named(entity, other) !== null) throw rejected(`A ${other} cannot be transferred.`);
  const given = named(entity, 'disk') ?? named(entity, 'image');
  if (given === null) throw incomplete('image_transfer', ['disk'], 'add');
  return members.resolve('disks', given, asker);
}

/** The host whose daemon a client wants. Throws a refusal (404, 409). */
async function hostNamed({ entity, members, asker, database }: Occasion, { alias, pool }: Subject): Promise<string | null> {
  const given = named(entity, 'host');
  const wanted = given === null ? null : await members.resolve('hosts', given, asker);
  const [row] = await database.query(
    `select 1 from vds v join cluster c using (cluster_id) where c.storage_pool_id = $1 and v.status = $2 and ($3::uuid is null or v.vds_id = $3) limit 1`,
    [pool, statusNumber('up'), wanted],
  );
  if (row !== undefined) return wanted;
  throw new Refusal(
    409,
    wanted === null
      ? `Cannot transfer disk ${alias}: no host of its data center is up.`
      : `Cannot transfer disk ${alias}: the host is not up, or in another data center.`,
  );
}

/** Begins a transfer. */
export const addTransfer: SpecialChange = {
  permit: permits.edit_disk_properties,
  async work(occasion): Promise<Omit<Work, 'permit'>> {
    const { entity, database, worker } = occasion;
    const id = await diskNamed(occasion);
    const direction = textOf(entity, 'direction').toLowerCase() || 'upload';
    if (direction !== 'upload' && direction !== 'download') throw invalidValue('direction', ['download', 'upload']);
    const disk = await diskOf(database, id);
    needStatus(disk, 'transfer', ['ok']);
    needIdle(disk, 'transfer');
    await needRoom(database, disk.domain, direction === 'upload' ? 0 : null, `transfer disk ${disk.alias}`);
    const own = disk.isCow ? 'cow' : 'raw';
    const format = textOf(entity, 'format').toLowerCase() || own;
    if (!Object.hasOwn(volumeFormats, format)) throw invalidValue('format', Object.keys(volumeFormats));
    if (format !== own && format !== 'raw')
      throw rejected(
        `Disk ${disk.alias} has the format raw, and is transferred in that alone. Convert the image with qemu-img, or make a disk of the format cow.`,
      );
    // An upload that is cancelled takes its disk along, where whoever begins it may remove that.
    const mayRemove = await hasPermitOn(occasion, permits.delete_disk, id);
    const timeout = entity['inactivity_timeout'] ?? (await readNumber(database, 'TransferImageClientInactivityTimeoutInSeconds'));
    const columns = {
      transfer_id: randomUUID(),
      phase: phaseNumber('initializing'),
      direction: directions.indexOf(direction),
      image_format: format === 'cow' ? volumeFormats.cow : volumeFormats.raw,
      timeout_policy: numberIn(timeoutPolicies, 'timeout_policy')(textOf(entity, 'timeout_policy') || 'legacy'),
      inactivity_timeout: within(0, 2_147_483_647, 'inactivity_timeout')(timeout),
      shallow: entity['shallow'] === true,
      vds_id: await hostNamed(occasion, disk),
      ticket_id: randomUUID(),
      user_id: worker.userId,
    };
    const types: Readonly<Record<string, string>> = {
      shallow: 'boolean',
      transfer_id: 'uuid',
      vds_id: 'uuid',
      ticket_id: 'uuid',
      user_id: 'uuid',
    };
    return {
      ...{ object: id, name: disk.alias, storageDomain: disk.domain },
      event: {
        ...{ code: 1031, name: 'TRANSFER_IMAGE_INITIATED', failed: 1038 },
        text: `The ${direction} of disk \${name} was begun by \${user}.`,
      },
      statement: (values) => [
        lockImage(values, id, ['ok']),
        [
          'added',
          `insert into image_transfers (disk_id, ${Object.keys(columns).join(', ')}) select image_group_id, ${Object.entries(columns)
            .map(([name, value]) => `${values.add(value)}::${types[name] ?? 'integer'}`)
            .join(', ')} from moved returning transfer_id, disk_id`,
        ],
        ['done', 'select transfer_id::text as id, disk_alias::text as name from added join base_disks using (disk_id)'],
      ],
      begins: {
        type: 'TransferImage',
        parameters: {
          ...{ transfer: columns.transfer_id, disk: id, alias: disk.alias, domain: disk.domain },
          ...{ upload: direction === 'upload', mayRemove },
        },
        locks: [id],
      },
      otherwise: () => justChanged(disk.alias),
    };
  },
};

/** A wish of somebody for a transfer: its command carries it out, and tells of it. */
const wishing = (what: string, from: readonly TransferPhase[], to: TransferPhase | null): SpecialChange => ({
  permit: permits.edit_disk_properties,
  async work({ database, id }) {
    const [row] = await database.query<{ disk: string; phase: number; alias: string | null }>(
      `select t.disk_id as disk, t.phase, d.disk_alias as alias from image_transfers t left join base_disks d using (disk_id) where t.transfer_id = $1`,
      [id],
    );
    if (row === undefined) throw notFound();
    const phase = phaseWord(row.phase);
    const name = row.alias ?? row.disk;
    const refusal = (): Refusal =>
      new Refusal(
        409,
        `Cannot ${what} the transfer of disk ${name}: its phase is ${phase}, and it would have to be one of: ${from.join(', ')}.`,
      );
    if (!from.includes(phase)) throw refusal();
    return {
      ...{ object: row.disk, name, quiet: true },
      event: { code: 1038, name: 'TRANSFER_IMAGE', text: `\${user} wanted to ${what} the transfer of disk \${name}.`, failed: 1038 },
      statement: (values) => [
        [
          'done',
          `update image_transfers set last_updated = now()${to === null ? '' : `, phase = ${values.add(phaseNumber(to))}`}
           where transfer_id = ${values.add(id)} and phase = any(${values.add(phaseNumbers(...from))}::integer[])
           returning transfer_id::text as id, disk_id::text as name`,
        ],
      ],
      otherwise: refusal,
    };
  },
});

export const pauseTransfer = wishing('pause', ['initializing', 'transferring', 'resuming'], 'paused_user');
export const resumeTransfer = wishing('resume', ['paused_user', 'paused_system'], 'resuming');
export const finalizeTransfer = wishing('finalize', ['transferring', 'paused_user', 'paused_system'], 'finalizing_success');
export const extendTransfer = wishing('extend', ['transferring', 'paused_user', 'paused_system'], null);
export const cancelTransfer = wishing(
  'cancel',
  ['initializing', 'transferring', 'resuming', 'paused_user', 'paused_system'],
  'cancelled_user',
);
