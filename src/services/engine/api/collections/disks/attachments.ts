import { diskInterfaces, wordOf } from '../../../disks/disk-words.ts';
import { type Collection, optional, reference } from '../collection.ts';
import { addAttachment, removeAttachment, updateAttachment } from './special-attachments.ts';

export const diskAttachments: Collection = {
  rel: 'diskattachments',
  below: { rel: 'vms', condition: 't.vm_id = $parent' },
  type: 'disk_attachment',
  about: 'How a virtual machine has its disks.',
  from: 'disk_vm_element t join base_disks d using (disk_id)',
  id: 't.disk_id',
  columns: `t.disk_id, t.vm_id, t.is_boot, t.disk_interface, t.is_plugged, t.is_readonly, t.pass_discard, t.is_using_scsi_reservation, t.disk_vm_name`,
  describe: (row) => ({
    active: row['is_plugged'] === true,
    bootable: row['is_boot'] === true,
    interface: wordOf(diskInterfaces, row['disk_interface']),
    logical_name: optional(row['disk_vm_name']),
    pass_discard: row['pass_discard'] === true,
    read_only: row['is_readonly'] === true,
    uses_scsi_reservation: row['is_using_scsi_reservation'] === true,
    disk: reference('disks', row['disk_id']),
    vm: reference('vms', row['vm_id']),
  }),
  order: 'lower(d.disk_alias), t.disk_id',
  sight: 'permitted',
  object: 't.vm_id',
  search: {
    'disk.name': { sql: 'd.disk_alias', as: 'text' },
    bootable: { sql: 't.is_boot', as: 'boolean' },
    active: { sql: 't.is_plugged', as: 'boolean' },
    read_only: { sql: 't.is_readonly', as: 'boolean' },
  },
  words: ['disk.name'],
  special: { add: addAttachment, update: updateAttachment, remove: removeAttachment },
};

const { special: _special, describe: describeOfMachine, ...shown } = diskAttachments;

/** Disks that machines get copies of. */
export const templateDiskAttachments: Collection = {
  ...shown,
  below: { rel: 'templates', condition: 't.vm_id = $parent' },
  about: 'Disks of a template, of which machines that are made from it get copies.',
  describe: (row) => ({ ...describeOfMachine(row), vm: undefined, template: reference('templates', row['vm_id']) }),
};
