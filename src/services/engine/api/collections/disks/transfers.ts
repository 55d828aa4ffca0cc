import { volumeFormats, wordOf } from '../../../disks/disk-words.ts';
import { directions, phaseWord, timeoutPolicies } from '../../../disks/transfer-phase.ts';
import { type Collection, optional, reference } from '../collection.ts';
import { permits } from '../permits.ts';
import { addTransfer, cancelTransfer, extendTransfer, finalizeTransfer, pauseTransfer, resumeTransfer } from './special-transfers.ts';

/** An address with a ticket, which lets in whoever has it: for who asked for the transfer, and for who may change what is on the disk. */
const forUsers = (column: string): string =>
  `case when t.user_id = $user or has_permit($user, ${permits.edit_disk_properties}, t.disk_id) then t.${column} end as ${column}`;

export const imageTransfers: Collection = {
  rel: 'imagetransfers',
  type: 'image_transfer',
  about: 'Transfers of the content of disks. Those that have ended are kept for a quarter of an hour, and for half an hour if they failed.',
  from: 'image_transfers t',
  id: 't.transfer_id',
  columns: `t.disk_id, t.phase, t.direction, t.image_format, t.timeout_policy, t.inactivity_timeout, t.shallow, t.vds_id, ${forUsers('daemon_uri')}, ${forUsers('proxy_uri')},
    t.bytes_sent, t.active, exists (select from base_disks d where d.disk_id = t.disk_id) as present`,
  describe: (row) => ({
    active: row['active'] === true,
    direction: directions[Number(row['direction'])],
    format: wordOf(volumeFormats, row['image_format']),
    inactivity_timeout: Number(row['inactivity_timeout']),
    phase: phaseWord(row['phase']),
    proxy_url: optional(row['proxy_uri']),
    shallow: row['shallow'] === true,
    timeout_policy: timeoutPolicies[Number(row['timeout_policy'])],
    transfer_url: optional(row['daemon_uri']),
    transferred: Number(row['bytes_sent'] ?? 0),
    // Links lead to what is there; clients of old know the disk as an image.
    disk: row['present'] === true ? reference('disks', row['disk_id']) : { id: String(row['disk_id']) },
    host: reference('hosts', row['vds_id']),
    image: { id: String(row['disk_id']) },
  }),
  order: 't.started_at, t.transfer_id',
  sight: 'administrators',
  own: 't.user_id = $user',
  search: {
    'disk.name': { sql: '(select d.disk_alias from base_disks d where d.disk_id = t.disk_id)', as: 'text' },
    active: { sql: 't.active', as: 'boolean' },
  },
  words: ['disk.name'],
  special: { add: addTransfer },
  actions: {
    cancel: cancelTransfer,
    extend: extendTransfer,
    finalize: finalizeTransfer,
    pause: pauseTransfer,
    resume: resumeTransfer,
  },
};
