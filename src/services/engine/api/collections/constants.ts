import { type Collection, versionOf } from './collection.ts';
import { valuesTable } from './values.ts';

/** Levels of compatibility that clusters and data centers can have. */
export const levels: readonly string[] = ['4.2', '4.3', '4.4', '4.5', '4.6', '4.7', '4.8'];

/** Processor types of all levels, from the oldest to the newest of each vendor. */
const processors: readonly string[] = [
  'Intel Nehalem Family',
  'Secure Intel Nehalem Family',
  'Intel Westmere Family',
  'Secure Intel Westmere Family',
  'Intel SandyBridge Family',
  'Secure Intel SandyBridge Family',
  'Intel IvyBridge Family',
  'Secure Intel IvyBridge Family',
  'Intel Haswell Family',
  'Secure Intel Haswell Family',
  'Intel Broadwell Family',
  'Secure Intel Broadwell Family',
  'Intel Skylake Client Family',
  'Secure Intel Skylake Client Family',
  'Intel Skylake Server Family',
  'Secure Intel Skylake Server Family',
  'Intel Cascadelake Server Family',
  'Secure Intel Cascadelake Server Family',
  'AMD Opteron G4',
  'AMD Opteron G5',
  'AMD EPYC',
  'Secure AMD EPYC',
];

export const clusterLevels: Collection = {
  rel: 'clusterlevels',
  type: 'cluster_level',
  about: 'Levels of compatibility, each with the processor types that it knows.',
  from: valuesTable(levels.map((id) => ({ id }))),
  id: 't.id',
  idKind: 'name',
  columns: 't.id as level',
  describe: () => ({ cpu_types: processors.map((name, at) => ({ name, level: at + 1, architecture: 'x86_64' })) }),
  order: 't.id',
  sight: 'everybody',
};

const systems = [
  { id: 0, name: 'other', description: 'Other OS', architecture: 'x86_64' },
  { id: 5, name: 'other_linux', description: 'Linux', architecture: 'x86_64' },
  { id: 13, name: 'rhel_5x64', description: 'Red Hat Enterprise Linux 5.x x64', architecture: 'x86_64' },
  { id: 18, name: 'rhel_6', description: 'Red Hat Enterprise Linux 6.x', architecture: 'x86_64' },
  { id: 19, name: 'rhel_6x64', description: 'Red Hat Enterprise Linux 6.x x64', architecture: 'x86_64' },
  { id: 24, name: 'rhel_7x64', description: 'Red Hat Enterprise Linux 7.x x64', architecture: 'x86_64' },
  { id: 30, name: 'rhel_8x64', description: 'Red Hat Enterprise Linux 8.x x64', architecture: 'x86_64' },
  { id: 1, name: 'windows_xp', description: 'Windows XP', architecture: 'x86_64' },
  { id: 12, name: 'windows_7x64', description: 'Windows 7 x64', architecture: 'x86_64' },
  { id: 23, name: 'windows_2012x64', description: 'Windows 2012 x64', architecture: 'x86_64' },
  { id: 27, name: 'windows_10x64', description: 'Windows 10 x64', architecture: 'x86_64' },
  { id: 29, name: 'windows_2016x64', description: 'Windows 2016 x64', architecture: 'x86_64' },
  { id: 31, name: 'windows_2019x64', description: 'Windows 2019 x64', architecture: 'x86_64' },
  { id: 1256, name: 'ubuntu_14_04', description: 'Ubuntu Trusty Tahr LTS', architecture: 'x86_64' },
  { id: 1300, name: 'debian_7', description: 'Debian 7+', architecture: 'x86_64' },
] as const;

export const operatingSystems: Collection = {
  rel: 'operatingsystems',
  type: 'operating_system',
  list: 'operation_systems',
  about: 'Operating systems that virtual machines can be told to have.',
  from: valuesTable(systems),
  id: 't.id',
  idKind: 'number',
  columns: 't.name, t.description, t.architecture',
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    architecture: String(row['architecture']),
    tpm_support: /^windows_(10|2016|2019)/.test(String(row['name'])) ? 'supported' : 'unsupported',
  }),
  order: 't.id',
  sight: 'everybody',
};

export const networkFilters: Collection = {
  rel: 'networkfilters',
  type: 'network_filter',
  about: 'Filters of traffic that vNIC profiles can name.',
  from: 'network_filter t',
  id: 't.filter_id',
  columns: 't.filter_name, t.version',
  describe: (row) => ({ name: String(row['filter_name']), version: versionOf(row['version']) }),
  order: 'lower(t.filter_name)',
  sight: 'everybody',
};

export const icons: Collection = {
  rel: 'icons',
  type: 'icon',
  about: 'Icons of virtual machines and operating systems.',
  from: 'vm_icons t',
  id: 't.id',
  columns: 't.data_url',
  describe: (row) => {
    const [, mediaType, data] = /^data:([^;]+);base64,(.*)$/s.exec(String(row['data_url'])) ?? [];
    return { data, media_type: mediaType };
  },
  order: 't.id',
  sight: 'everybody',
};
