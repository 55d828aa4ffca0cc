import { invalidValue } from '../fault.ts';
import { type Collection, reference } from './collection.ts';
import { type Family, iconId } from './icons.ts';
import { valuesTable } from './values.ts';

type System = readonly [id: number, name: string, description: string, family?: Family];

/** Systems of each architecture, by the numbers that databases and descriptions of virtual machines hold. */
const systems: Readonly<Record<'x86_64' | 'ppc64' | 's390x', readonly System[]>> = {
  x86_64: [
    [0, 'other', 'Other OS', 'other'],
    [1, 'windows_xp', 'Windows XP'],
    [3, 'windows_2003', 'Windows 2003'],
    [4, 'windows_2008', 'Windows 2008'],
    [5, 'other_linux', 'Linux'],
    [7, 'rhel_5', 'Red Hat Enterprise Linux 5.x'],
    [8, 'rhel_4', 'Red Hat Enterprise Linux 4.x'],
    [9, 'rhel_3', 'Red Hat Enterprise Linux 3.x'],
    [10, 'windows_2003x64', 'Windows 2003 x64'],
    [11, 'windows_7', 'Windows 7'],
    [12, 'windows_7x64', 'Windows 7 x64'],
    [13, 'rhel_5x64', 'Red Hat Enterprise Linux 5.x x64'],
    [14, 'rhel_4x64', 'Red Hat Enterprise Linux 4.x x64'],
    [15, 'rhel_3x64', 'Red Hat Enterprise Linux 3.x x64'],
    [16, 'windows_2008x64', 'Windows 2008 x64'],
    [17, 'windows_2008R2x64', 'Windows 2008 R2 x64'],
    [18, 'rhel_6', 'Red Hat Enterprise Linux 6.x'],
    [19, 'rhel_6x64', 'Red Hat Enterprise Linux 6.x x64'],
    [20, 'windows_8', 'Windows 8'],
    [21, 'windows_8x64', 'Windows 8 x64'],
    [23, 'windows_2012x64', 'Windows 2012 x64'],
    [24, 'rhel_7x64', 'Red Hat Enterprise Linux 7.x x64'],
    [25, 'windows_2012R2x64', 'Windows 2012R2 x64'],
    [26, 'windows_10', 'Windows 10'],
    [27, 'windows_10x64', 'Windows 10 x64'],
    [28, 'rhel_atomic7x64', 'Red Hat Atomic 7.x x64'],
    [29, 'windows_2016x64', 'Windows 2016 x64'],
    [30, 'rhel_8x64', 'Red Hat Enterprise Linux 8.x x64'],
    [31, 'windows_2019x64', 'Windows 2019 x64'],
    [33, 'other_linux_kernel_4', 'Other Linux (kernel 4.x)'],
    [34, 'rhel_9x64', 'Red Hat Enterprise Linux 9.x x64'],
    [35, 'rhcos_x64', 'Red Hat Enterprise Linux CoreOS'],
    [36, 'windows_11', 'Windows 11'],
    [1193, 'sles_11', 'SUSE Linux Enterprise Server 11+'],
    [1252, 'ubuntu_12_04', 'Ubuntu Precise Pangolin LTS'],
    [1253, 'ubuntu_12_10', 'Ubuntu Quantal Quetzal'],
    [1254, 'ubuntu_13_04', 'Ubuntu Raring Ringtails'],
    [1255, 'ubuntu_13_10', 'Ubuntu Saucy Salamander'],
    [1256, 'ubuntu_14_04', 'Ubuntu Trusty Tahr LTS+'],
    [1257, 'ubuntu_18_04', 'Ubuntu Bionic Beaver LTS+'],
    [1300, 'debian_7', 'Debian 7+'],
    [1301, 'debian_9', 'Debian 9+'],
    [1500, 'freebsd', 'FreeBSD 9.2', 'freebsd'],
    [1501, 'freebsdx64', 'FreeBSD 9.2 x64', 'freebsd'],
  ],
  ppc64: [
    [1001, 'other_ppc64', 'Other OS', 'other'],
    [1002, 'other_linux_ppc64', 'Linux'],
    [1003, 'rhel_6_ppc64', 'Red Hat Enterprise Linux up to 6.8'],
    [1004, 'sles_11_ppc64', 'SUSE Linux Enterprise Server 11'],
    [1005, 'ubuntu_14_04_ppc64', 'Ubuntu Trusty Tahr LTS+'],
    [1006, 'rhel_7_ppc64', 'Red Hat Enterprise Linux 7.x'],
    [1007, 'rhel_6_9_plus_ppc64', 'Red Hat Enterprise Linux 6.9+'],
    [1008, 'rhel_8_ppc64', 'Red Hat Enterprise Linux 8.x'],
    [1009, 'rhel_9_ppc64', 'Red Hat Enterprise Linux 9.x'],
  ],
  s390x: [
    [2001, 'other_s390x', 'Other OS', 'other'],
    [2002, 'other_linux_s390x', 'Linux'],
    [2003, 'rhel_7_s390x', 'Red Hat Enterprise Linux 7.x'],
    [2004, 'sles_12_s390x', 'SUSE Linux Enterprise Server 12'],
    [2005, 'ubuntu_16_04_s390x', 'Ubuntu Xenial Xerus LTS+'],
  ],
};

const familyOf = (name: string): Family => (name.startsWith('windows') ? 'windows' : 'linux');

/** Whether a system can use a TPM device: those of this century's second decade on can, and one does not run without. */
function tpmSupport(name: string): string {
  if (name === 'windows_11') return 'required';
  return /^(windows_(8|10|201[269])|rhel_([789]|atomic7)|rhcos|other_linux_kernel_4)/.test(name) ? 'supported' : 'unsupported';
}

const rows = Object.entries(systems).flatMap(([architecture, all]) =>
  all.map(([id, name, description, family = familyOf(name)]) => ({ id, name, description, architecture, family })),
);

const byNumber = new Map<number, string>(rows.map(({ id, name }) => [id, name]));
const byName = new Map<string, number>(rows.map(({ id, name }) => [name.toLowerCase(), id]));

/** The word of the API for the number of a system; `other` for one that nobody knows. */
export const systemName = (number: unknown): string => byNumber.get(Number(number)) ?? 'other';

/** The number that is stored for a word. Throws a fault (400) for one that names no system. */
export function systemNumber(name: unknown): number {
  const found = byName.get(String(name).toLowerCase());
  if (found === undefined) throw invalidValue('os.type', [...byNumber.values()]);
  return found;
}

/** Numbers of the systems by their words, for the search. */
export const systemNumbers: Readonly<Record<string, number>> = Object.fromEntries(byName);

/** What a system looks like, by its number. */
export const systemFamily = (number: unknown): Family => rows.find(({ id }) => id === Number(number))?.family ?? 'other';

export const operatingSystems: Collection = {
  rel: 'operatingsystems',
  type: 'operating_system',
  list: 'operation_systems',
  about: 'Operating systems that virtual machines can be told to have.',
  from: valuesTable(rows),
  id: 't.id',
  idKind: 'number',
  columns: 't.name, t.description, t.architecture, t.family',
  describe: (row) => {
    const family = row['family'] as Family;
    return {
      name: String(row['name']),
      description: String(row['description']),
      architecture: String(row['architecture']),
      tpm_support: tpmSupport(String(row['name'])),
      large_icon: reference('icons', iconId(family, 'large')),
      small_icon: reference('icons', iconId(family, 'small')),
    };
  },
  order: 't.id',
  sight: 'everybody',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    architecture: { sql: 't.architecture', as: 'text' },
  },
  words: ['name', 'description'],
};
