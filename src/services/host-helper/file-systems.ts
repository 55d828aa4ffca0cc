/*
 * What may be mounted, with which options. A list of what is allowed and not of what is forbidden: options of a mount can give the storage power
 * over the host (`suid`, `dev`, `context=`, files of root as `credentials=` or `lowerdir=`), and new ones come with every kernel.
 */

export type FileSystemName = keyof typeof fileSystems;

/** Where a file system comes from: over the network, from a block device, or from a folder that is there already. */
type Origin = 'network' | 'device' | 'folder';

export interface FileSystem {
  readonly origin: Origin;
  /** What mount(8) calls it. */
  readonly type: string;
  /** Options beside those of every file system; a `=` at the end wants a value. */
  readonly options: readonly string[];
  /** Options it is always mounted with. */
  readonly always: readonly string[];
}

const everywhere = ['rw', 'sync', 'async', 'dirsync', 'atime', 'noatime', 'diratime', 'nodiratime', 'relatime', 'norelatime', 'lazytime'];

const nfs: readonly string[] = [
  ...['soft', 'softerr', 'hard', 'ac', 'noac', 'lock', 'nolock', 'cto', 'nocto', 'tcp', 'udp', 'rdma', 'fg', 'sharecache', 'nosharecache'],
  ...['resvport', 'noresvport', 'rdirplus', 'nordirplus', 'migration', 'nomigration'],
  ...['timeo=', 'retrans=', 'retry=', 'rsize=', 'wsize=', 'vers=', 'nfsvers=', 'minorversion=', 'proto=', 'port=', 'sec=', 'nconnect='],
  ...[
    'mountport=',
    'mountproto=',
    'mountvers=',
    'acregmin=',
    'acregmax=',
    'acdirmin=',
    'acdirmax=',
    'actimeo=',
    'lookupcache=',
    'local_lock=',
  ],
];

const fileSystems = {
  nfs: { origin: 'network', type: 'nfs', options: nfs, always: [] },
  nfs4: { origin: 'network', type: 'nfs4', options: nfs, always: [] },
  ceph: {
    origin: 'network',
    type: 'ceph',
    options: ['name=', 'fs=', 'mds_namespace=', 'ms_mode=', 'rsize=', 'wsize=', 'nordirstat'],
    always: [],
  },
  glusterfs: {
    origin: 'network',
    type: 'glusterfs',
    options: ['backup-volfile-servers=', 'backupvolfile-server=', 'transport='],
    always: [],
  },
  gfs2: { origin: 'device', type: 'gfs2', options: ['acl', 'noacl', 'quota=', 'data='], always: [] },
  ext4: { origin: 'device', type: 'ext4', options: ['barrier=', 'discard', 'nodiscard', 'commit='], always: [] },
  xfs: { origin: 'device', type: 'xfs', options: ['discard', 'nodiscard', 'inode64', 'largeio', 'nouuid', 'logbsize='], always: [] },
  bind: { origin: 'folder', type: 'none', options: ['bind'], always: ['bind'] },
} satisfies Readonly<Record<string, FileSystem>>;

/** Whether a file system is one that is known here. */
export const isFileSystem = (name: string): name is FileSystemName => Object.hasOwn(fileSystems, name);

/** How a file system is mounted. */
export const fileSystem = (name: FileSystemName): FileSystem => fileSystems[name];

/** What nothing that comes from outside may do on this host. It stands last, where it overrides what stands before. */
const guard = ['nosuid', 'nodev', 'noexec'];
const valueForm = /^[A-Za-z0-9_.:+-]{1,200}$/;

/**
 * Makes the options of a mount.
 * @param wanted as people write them: `timeo=100,soft`
 * @returns the options in full, or the word that is not allowed
 */
export function mountOptions({ options, always }: FileSystem, wanted: string): { readonly full: string } | { readonly refused: string } {
  const words = wanted.split(',').filter((word) => word !== '' && !guard.includes(word));
  for (const word of words) {
    const [, name = '', equals = '', value = ''] = /^([^=]*)(=?)(.*)$/s.exec(word) ?? [];
    const isKnown = [...everywhere, ...options].includes(`${name}${equals}`);
    if (!isKnown || (equals !== '' && !valueForm.test(value))) return { refused: word };
  }
  return { full: [...new Set([...always, ...words, ...guard])].join(',') };
}
