import type { Entity } from '../../types.ts';
import { type Collection, optional } from '../collection.ts';
import { type MachineRel, ownerOf } from './nics.ts';
import { cdromSpecial } from './special-cdroms.ts';

/** The one CD drive that a machine has, whose id is known to clients. */
export const cdrom = '00000000-0000-0000-0000-000000000000';

/** Where an entity has what is in the drive of a machine that runs, which is not an attribute of the API. */
const now = 'now';

const fileOf = (content: unknown): Entity | undefined => (content === null ? undefined : { id: optional(content) ?? '' });

/** CD drives of virtual machines or templates, with what is in them when they are started; for `current`, with what is in them now. */
export const machineCdroms = (rel: MachineRel): Collection => ({
  rel: 'cdroms',
  below: { rel, condition: 't.vm_id = $parent' },
  type: 'cdrom',
  about: `The CD drive of one of the ${rel}.`,
  from: `(select distinct on (vm_id) vm_id, content from vm_device where type = 'disk' and device = 'cdrom' order by vm_id, _create_date, device_id) t`,
  id: `'${cdrom}'::uuid`,
  columns: 't.vm_id, t.content, (select current_cd from vm_dynamic where vm_guid = t.vm_id) as current',
  describe: (row) => ({ file: fileOf(row['content']), [now]: fileOf(row['current']), ...ownerOf(rel, row['vm_id']) }),
  narrowed: { parameter: 'current', to: (entity, value) => (value === 'false' ? entity : { ...entity, file: entity[now] }) },
  order: 't.vm_id',
  sight: 'permitted',
  object: 't.vm_id',
  search: { file: { sql: 't.content', as: 'text' } },
  special: rel === 'vms' ? cdromSpecial : {},
});
