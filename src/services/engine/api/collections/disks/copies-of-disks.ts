import { randomUUID } from 'node:crypto';
import type { Database } from '../../../../frame/database.ts';
import type { Begun } from '../../../commands/command.ts';
import { diskStatuses } from '../../../disks/disk-status.ts';
import { volumeTypes } from '../../../disks/disk-words.ts';
import { Refusal } from '../../../http/refusal.ts';
import type { Values } from '../../search/values.ts';
import { needRoom } from './disk-shape.ts';

/* Disks that a new machine or template gets from another one. */

/** A disk that is to be copied, and what the copy will be. */
export interface DiskCopy {
  readonly from: string;
  readonly to: string;
  readonly image: string;
}

/**
 * The disks of a machine or template that are copied: those that are not made to be shared. Throws a refusal (409) unless each can be copied now.
 * @param what `add virtual machine X`, for the refusal
 */
export async function copiesOf(database: Database, owner: string, what: string): Promise<readonly DiskCopy[]> {
  const rows = await database.query<{ id: string; alias: string; status: number; domain: string; bytes: string }>(
    `select d.disk_id as id, d.disk_alias as alias, i.imagestatus as status, m.storage_domain_id as domain,
       (case when i.volume_type = ${volumeTypes.preallocated} then i.size else coalesce(i.actual_size, 0) end)::text as bytes
     from disk_vm_element e join base_disks d using (disk_id) join images i on i.image_group_id = d.disk_id and i.active
       join image_storage_domain_map m on m.image_id = i.image_guid
     where e.vm_id = $1 and not d.shareable order by d.disk_alias, d.disk_id`,
    [owner],
  );
  const needed = new Map<string, number>();
  for (const { alias, status, domain, bytes } of rows) {
    if (status !== diskStatuses.ok) throw new Refusal(409, `Cannot ${what}: disk ${alias} is locked or illegal.`);
    needed.set(domain, (needed.get(domain) ?? 0) + Number(bytes));
  }
  for (const [domain, bytes] of needed) await needRoom(database, domain, bytes, what);
  return rows.map(({ id }) => ({ from: id, to: randomUUID(), image: randomUUID() }));
}

/** The parts of a statement that make the rows of copies, for the machine or template in `added`. */
export function insertCopies(
  values: Values,
  copies: readonly DiskCopy[],
  owner: string,
  isTemplate: boolean,
): readonly (readonly [string, string])[] {
  if (copies.length === 0) return [];
  const list = (name: keyof DiskCopy): string => `${values.add(copies.map((one) => one[name]))}::uuid[]`;
  return [
    ['copies', `select * from unnest(${list('from')}, ${list('to')}, ${list('image')}) c (source, disk, image), added`],
    [
      'copied_disks',
      `insert into base_disks (disk_id, disk_alias, disk_description, disk_content_type, propagate_errors, wipe_after_delete, backup)
       select c.disk, d.disk_alias, d.disk_description, d.disk_content_type, d.propagate_errors, d.wipe_after_delete, d.backup
       from copies c join base_disks d on d.disk_id = c.source`,
    ],
    [
      'copied_images',
      `insert into images (image_guid, image_group_id, size, volume_type, volume_format, volume_classification)
       select c.image, c.disk, i.size, i.volume_type, i.volume_format, ${isTemplate ? 1 : 0}
       from copies c join images i on i.image_group_id = c.source and i.active`,
    ],
    [
      'copied_places',
      `insert into image_storage_domain_map (image_id, storage_domain_id) select c.image, m.storage_domain_id
       from copies c join images i on i.image_group_id = c.source and i.active join image_storage_domain_map m on m.image_id = i.image_guid`,
    ],
    [
      'copied_attachments',
      `insert into disk_vm_element (disk_id, vm_id, is_boot, disk_interface, is_plugged, is_readonly, pass_discard, is_using_scsi_reservation)
       select c.disk, c.vm_guid, e.is_boot, e.disk_interface, e.is_plugged, e.is_readonly, e.pass_discard, e.is_using_scsi_reservation
       from copies c join disk_vm_element e on e.disk_id = c.source and e.vm_id = ${values.add(owner)}`,
    ],
  ];
}

/** The command that fills them. */
export const fillingCopies = (
  copies: readonly DiskCopy[],
  owner: { readonly id: string; readonly name: string; readonly isTemplate: boolean },
  alsoLocked: readonly string[],
): { readonly begins?: Begun } =>
  copies.length === 0
    ? {}
    : {
        begins: {
          type: 'CopyDisks',
          parameters: {
            ...{ owner: owner.id, name: owner.name, template: owner.isTemplate },
            copies: copies.map(({ from, to }) => ({ from, to })),
          },
          locks: [owner.id, ...copies.map(({ to }) => to), ...alsoLocked],
        },
      };
