import type { Entity } from '../../types.ts';
import { type Collection, optional, reference, type Row, type SearchField } from '../collection.ts';
import { systemNumbers } from '../operating-systems.ts';
import { choicesOf } from '../stored.ts';
import { describeShape, iconsOf, shapeColumns, shapeDetails } from './machine-shape.ts';
import { templateStatusWords } from './machine-words.ts';
import { instanceTypeSpecial, templateSpecial } from './special-templates.ts';

const versionOf = (row: Row): Entity => ({
  version_name: optional(row['template_version_name']),
  version_number: Number(row['template_version_number'] ?? 1),
  base_template: reference('templates', row['base_template_id'] ?? row['id']),
});

const clusterName = '(select c.name from cluster c where c.cluster_id = t.cluster_id)';
/** The data center that a template is of; one that is of no cluster can be used in each. */
const center: SearchField = {
  sql: `(select p.name from cluster c join storage_pool p on p.id = c.storage_pool_id where c.cluster_id = t.cluster_id)`,
  as: 'text',
  several: `select p.name from storage_pool p
    where t.cluster_id is null or p.id = (select c.storage_pool_id from cluster c where c.cluster_id = t.cluster_id)`,
};
/** The machines that were made from it. */
const machines: SearchField = {
  sql: `(select string_agg(v.vm_name, ' ' order by v.vm_name) from vm_static v where v.vmt_guid = t.vm_guid and v.entity_type = 'VM')`,
  as: 'text',
  several: `select v.vm_name from vm_static v where v.vmt_guid = t.vm_guid and v.entity_type = 'VM'`,
};

export const templates: Collection = {
  rel: 'templates',
  type: 'template',
  about: 'Templates, which virtual machines are made from.',
  from: `(select s.*, c.architecture from vm_static s left join cluster c using (cluster_id) where s.entity_type = 'TEMPLATE') t`,
  id: 't.vm_guid',
  columns: `${shapeColumns}, t.architecture, t.template_status, t.template_version_number, t.template_version_name, t.base_template_id`,
  describe: (row) => ({
    ...describeShape(row),
    ...iconsOf(row),
    status: templateStatusWords[Number(row['template_status'])],
    version: versionOf(row),
    cluster: reference('clusters', row['cluster_id']),
  }),
  costly: shapeDetails,
  named: 't.vm_name',
  order: 'lower(t.vm_name), t.vm_guid',
  sight: 'permitted',
  search: {
    name: { sql: 't.vm_name', as: 'text' },
    comment: { sql: 't.free_text_comment', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    os: { sql: 't.os', as: { choices: systemNumbers } },
    creationdate: { sql: 't.creation_date', as: 'date' },
    childcount: { sql: `(select count(*) from vm_static v where v.vmt_guid = t.vm_guid and v.entity_type = 'VM')`, as: 'number' },
    mem: { sql: 't.mem_size_mb', as: 'number' },
    status: { sql: 't.template_status', as: { choices: choicesOf(templateStatusWords) } },
    cluster: { sql: clusterName, as: 'text' },
    'cluster.name': { sql: clusterName, as: 'text' },
    datacenter: center,
    'datacenter.name': center,
    'vm.name': machines,
    'vms.name': machines,
    version_name: { sql: 't.template_version_name', as: 'text' },
    id: { sql: 't.vm_guid::text', as: 'text' },
  },
  words: ['name', 'comment', 'description'],
  special: templateSpecial,
};

export const instanceTypes: Collection = {
  rel: 'instancetypes',
  type: 'instance_type',
  about: 'Instance types: sizes that virtual machines can have.',
  from: `(select s.*, 0 as architecture from vm_static s where s.entity_type = 'INSTANCE_TYPE') t`,
  id: 't.vm_guid',
  columns: shapeColumns,
  describe: describeShape,
  costly: shapeDetails,
  named: 't.vm_name',
  order: 't.mem_size_mb, lower(t.vm_name), t.vm_guid',
  sight: 'everybody',
  search: {
    name: { sql: 't.vm_name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    id: { sql: 't.vm_guid::text', as: 'text' },
  },
  words: ['name', 'description'],
  special: instanceTypeSpecial,
};
