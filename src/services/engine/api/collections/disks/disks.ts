import { backups, contentTypes, volumeFormats, volumeTypes, wordOf } from '../../../disks/disk-words.ts';
import { diskStatuses, diskStatusWord } from '../../../disks/disk-status.ts';
import type { Entity } from '../../types.ts';
import { type Collection, optional, reference, type Row } from '../collection.ts';
import { choicesOf } from '../stored.ts';
import { addDisk, removeDisk, updateDisk } from './special-disks.ts';

const bytes = (value: unknown): number | undefined => (value === null || value === undefined ? undefined : Number(value));

/** Columns of disks; the attachments of virtual machines show the same where clients follow their links. */
const columns = `t.disk_alias, t.disk_description, t.disk_content_type, t.propagate_errors, t.shareable, t.wipe_after_delete, t.backup,
  i.image_guid, i.size, i.volume_type, i.volume_format, i.imagestatus, i.actual_size, m.storage_domain_id`;

const describe = (row: Row): Entity => {
  const [name, domain] = [String(row['disk_alias']), reference('storagedomains', row['storage_domain_id'])];
  const isCow = row['volume_format'] === volumeFormats.cow;
  return {
    name,
    description: optional(row['disk_description']) ?? '',
    actual_size: bytes(row['actual_size']) ?? 0,
    alias: name,
    backup: backups[Number(row['backup'])],
    content_type: wordOf(contentTypes, row['disk_content_type']),
    format: wordOf(volumeFormats, row['volume_format']),
    image_id: optional(row['image_guid']),
    propagate_errors: row['propagate_errors'] === true,
    provisioned_size: bytes(row['size']),
    qcow_version: isCow ? 'qcow2_v3' : undefined,
    shareable: row['shareable'] === true,
    sparse: row['volume_type'] === volumeTypes.sparse,
    status: diskStatusWord(row['imagestatus']),
    storage_type: 'image',
    total_size: bytes(row['actual_size']) ?? 0,
    wipe_after_delete: row['wipe_after_delete'] === true,
    storage_domains: domain === undefined ? [] : [domain],
  };
};

const domainName = '(select s.storage_name from storage_domain_static s where s.id = m.storage_domain_id)';

export const disks: Collection = {
  rel: 'disks',
  type: 'disk',
  about: 'Disks of virtual machines, and ISO images, on storage domains.',
  from: `base_disks t join images i on i.image_group_id = t.disk_id and i.active
    left join image_storage_domain_map m on m.image_id = i.image_guid`,
  id: 't.disk_id',
  columns,
  describe,
  named: 't.disk_alias',
  order: 'lower(t.disk_alias), t.disk_id',
  sight: 'permitted',
  search: {
    alias: { sql: 't.disk_alias', as: 'text' },
    name: { sql: 't.disk_alias', as: 'text' },
    description: { sql: 't.disk_description', as: 'text' },
    // In GiB, as people search for it.
    provisioned_size: { sql: '(i.size / 1073741824.0)', as: 'number' },
    size: { sql: '(i.size / 1073741824.0)', as: 'number' },
    actual_size: { sql: '(i.actual_size / 1073741824.0)', as: 'number' },
    creation_date: { sql: 't._create_date', as: 'date' },
    bootable: { sql: 'exists (select from disk_vm_element e where e.disk_id = t.disk_id and e.is_boot)', as: 'boolean' },
    shareable: { sql: 't.shareable', as: 'boolean' },
    wipe_after_delete: { sql: 't.wipe_after_delete', as: 'boolean' },
    format: { sql: 'i.volume_format', as: { choices: volumeFormats } },
    status: { sql: 'i.imagestatus', as: { choices: diskStatuses } },
    disk_content_type: { sql: 't.disk_content_type', as: { choices: contentTypes } },
    backup: { sql: 't.backup', as: { choices: choicesOf(backups) } },
    number_of_vms: { sql: '(select count(*) from disk_vm_element e where e.disk_id = t.disk_id)', as: 'number' },
    vm_names: {
      sql: "(select string_agg(v.vm_name, ',') from disk_vm_element e join vm_static v on v.vm_guid = e.vm_id where e.disk_id = t.disk_id)",
      as: 'text',
    },
    'storage.name': { sql: domainName, as: 'text' },
    storage: { sql: domainName, as: 'text' },
    id: { sql: 't.disk_id::text', as: 'text' },
  },
  words: ['alias', 'description'],
  special: { add: addDisk, update: updateDisk, remove: removeDisk },
};

/** Disks that lie on a storage domain. */
export const storageDomainDisks: Collection = {
  ...disks,
  about: 'Disks that lie on a storage domain.',
  below: { rel: 'storagedomains', condition: 'm.storage_domain_id = $parent' },
};
