import type { Store } from './collection.ts';
import { plainName, within } from './stored.ts';

const noSwitching = 'the engine cannot switch hosts off and on, so there is nothing to settle of it';

/** What clients may set of a host. */
export const hostFields: Store['fields'] = {
  name: { column: 'vds_name', required: true, store: plainName },
  comment: { column: 'free_text_comment', longest: 4000 },
  // Who is reached at another address is somebody else.
  address: { column: 'host_name', fixed: true },
  port: { column: 'port', fixed: true },
  cluster: { column: 'cluster_id', reference: 'clusters' },
  'spm.priority': { column: 'vds_spm_priority', store: within(-1, 10, 'spm.priority') },
  'ssh.port': { column: 'ssh_port', store: within(1, 65_535, 'ssh.port') },
  'os.custom_kernel_cmdline': { column: 'kernel_cmdline', only: { value: '', why: 'the engine does not change how hosts are booted' } },
  'power_management.automatic_pm_enabled': {
    column: 'disable_auto_pm',
    store: (value) => value !== true,
    only: { value: true, why: noSwitching },
  },
  'power_management.enabled': { column: 'pm_enabled', only: { value: false, why: noSwitching } },
  'power_management.kdump_detection': { column: 'pm_detect_kdump', only: { value: true, why: noSwitching } },
  vgpu_placement: {
    column: 'vgpu_placement',
    store: () => 1,
    only: { value: 'consolidated', why: 'machines are given no virtual graphics processors' },
  },
};
