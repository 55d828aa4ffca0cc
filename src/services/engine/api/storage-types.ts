import type { Types } from './types.ts';

const place = {
  address: 'text',
  mount_options: 'text',
  nfs_retrans: 'integer',
  nfs_timeo: 'integer',
  nfs_version: 'text',
} as const;

/** Types of storage: connections, domains and the files in them. */
export const storageTypes: Types = {
  file: { name: 'text', comment: 'text', description: 'text', content: 'text', type: 'text', storage_domain: { one: 'storage_domain' } },
  host_storage: { ...place, path: 'text', type: 'text', vfs_type: 'text' },
  storage_connection: { ...place, path: 'text', type: 'text', vfs_type: 'text', host: { one: 'host' } },
  storage_domain: {
    name: 'text',
    description: 'text',
    comment: 'text',
    available: 'integer',
    backup: 'boolean',
    block_size: 'integer',
    committed: 'integer',
    critical_space_action_blocker: 'integer',
    discard_after_delete: 'boolean',
    external_status: 'text',
    import: 'boolean',
    master: 'boolean',
    status: 'text',
    storage: { one: 'host_storage' },
    storage_format: 'text',
    supports_discard: 'boolean',
    supports_discard_zeroes_data: 'boolean',
    type: 'text',
    used: 'integer',
    warning_low_space_indicator: 'integer',
    wipe_after_delete: 'boolean',
    data_center: { one: 'data_center' },
    data_centers: { many: 'data_center' },
    host: { one: 'host' },
  },
};
