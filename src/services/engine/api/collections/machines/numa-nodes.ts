import { type Collection, reference } from '../collection.ts';

/** NUMA nodes of a virtual machine. None has any of its own; clients look for them whenever they change a machine. */
export const numaNodes: Collection = {
  rel: 'numanodes',
  below: { rel: 'vms', condition: 't.vm_id = $parent' },
  type: 'vm_numa_node',
  about: 'NUMA nodes of a virtual machine: none yet.',
  from: '(select null::uuid as id, null::uuid as vm_id, null::integer as index, null::integer as memory where false) t',
  id: 't.id',
  columns: 't.vm_id, t.index, t.memory',
  describe: (row) => ({ index: Number(row['index']), memory: Number(row['memory']), vm: reference('vms', row['vm_id']) }),
  order: 't.index',
  sight: 'permitted',
  object: 't.vm_id',
  search: { index: { sql: 't.index', as: 'number' } },
};
