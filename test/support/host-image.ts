import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/*
 * What the disks of test hosts begin with. Images are made once, from the Debian packages that this machine itself gets, and kept.
 */

/** Images and disks. Not below /tmp, which may be in memory. */
export const folder = '/var/tmp/engine-setup-test-hosts';

interface Kind {
  /** Another image is made when these change. */
  readonly packages: readonly string[];
  /** Further ones that are installed on top, with a network that leads nowhere. */
  readonly onTop?: readonly string[];
}

const bare = ['systemd', 'systemd-sysv', 'dbus', 'procps', 'iproute2', 'openssl', 'curl', 'ca-certificates'] as const;

/** What an installation needs: no cluster of PostgreSQL yet, Apache as Debian sets it up, a manager of the firewall. */
const equipment = (firewall: string): readonly string[] => [
  ...['postgresql-15', 'apache2', 'ovn-central', firewall],
  ...['openssh-server', 'socat', 'logrotate', 'python3-minimal', 'cron', 'tmux', 'faketime'],
];

const kinds = {
  /** A machine with next to nothing on it. */
  bare: { packages: bare },
  /** One on which an installation finds all it needs, with firewalld. */
  equipped: { packages: bare, onTop: equipment('firewalld') },
  /** The same, with the command line of OpenStack. */
  'with OpenStack': { packages: bare, onTop: [...equipment('firewalld'), 'python3-openstackclient'] },
  /** An equipped one with rules of iptables that are kept over a start. */
  'with iptables': { packages: bare, onTop: equipment('iptables-persistent') },
  /** A machine that runs virtual machines, without KVM; with what Debian's installer leaves network cards to. */
  'with libvirt': {
    packages: bare,
    onTop: [
      ...['libvirt-daemon-system', 'libvirt-clients', 'libvirt-daemon-driver-qemu', 'qemu-system-x86', 'qemu-utils', 'ovmf', 'socat'],
      ...['ifupdown', 'isc-dhcp-client'],
      // For its guests.
      'qemu-guest-agent',
    ],
  },
  /** A machine that the engine makes a compute node of, without a network to packages: all that it needs is there, and does nothing yet. */
  node: {
    packages: bare,
    onTop: [
      ...['libvirt-daemon-system', 'libvirt-clients', 'qemu-system-x86', 'qemu-utils', 'ovmf', 'iptables', 'sanlock', 'openssh-server'],
      ...['firewalld', 'netbase', 'strace'],
    ],
  },
  /** One whose storage the agent looks after. */
  storage: { packages: bare, onTop: ['iptables-persistent', 'openssh-server', 'sanlock', 'qemu-utils', 'strace'] },
} as const satisfies Readonly<Record<string, Kind>>;
export type HostKind = keyof typeof kinds;

/** Name and address of a machine that is equipped: its only network card is wired to itself. */
export const hostName = 'engine.example.test';
const address = '192.0.2.10';

/** Where this machine has its own Debian packages from; nothing where it does not say, and debootstrap knows best. */
async function mirror(): Promise<readonly string[]> {
  for (const file of ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const found = /^URIs:\s*(\S+)/m.exec(text)?.[1] ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/m.exec(text)?.[1];
    if (found !== undefined) return [found];
  }
  return [];
}

/** Does something while nobody else on this machine does the same. The kernel lets go of it for those that are killed. */
async function alone<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const holder = execa('flock', [lock, 'sh', '-c', 'echo held; exec cat'], { buffer: false });
  await once(holder.stdout, 'data');
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await holder;
  }
}

/** Makes an image in one go, and once: what is cut off leaves nothing half. */
async function made(path: string, make: (fresh: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  return alone(`${path}.lock`, async () => {
    if (existsSync(path)) return path;
    const fresh = await mkdtemp(join(folder, 'image-'));
    try {
      await make(fresh);
      await rename(fresh, path);
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      throw error;
    }
    return path;
  });
}

async function makeBare(root: string): Promise<void> {
  await execa('debootstrap', ['--variant=minbase', `--include=${bare.join(',')}`, 'bookworm', root, ...(await mirror())]);
  await rm(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
  await writeFile(join(root, 'etc/hostname'), 'engine\n');
  await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n127.0.1.1 engine\n');
  // An empty one: every host makes its own.
  await writeFile(join(root, 'etc/machine-id'), '');
}

/** A network card, whose other end is on the same machine. */
const card = `[Unit]
Description=Network card that is wired to itself
DefaultDependencies=no
Before=network-pre.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ip link add eth0 type veth peer name wire
ExecStart=/usr/sbin/ip address add ${address}/24 dev eth0
ExecStart=/usr/sbin/ip link set wire up
ExecStart=/usr/sbin/ip link set eth0 up

[Install]
WantedBy=sysinit.target
`;

async function makeEquipped(root: string, onTop: readonly string[]): Promise<void> {
  // With its owners, which Node would not copy.
  await execa('cp', ['--archive', '--no-target-directory', await imageOf('bare'), root]);
  const inside = (...argv: readonly string[]): Promise<unknown> =>
    execa('systemd-nspawn', [
      ...['--quiet', '--register=no', '--keep-unit', '--pipe', '--resolv-conf=replace-host', `--directory=${root}`],
      ...['--setenv=DEBIAN_FRONTEND=noninteractive', ...argv],
    ]);
  const noCluster = join(root, 'etc/postgresql-common/createcluster.d/image.conf');
  await mkdir(join(noCluster, '..'), { recursive: true });
  await writeFile(noCluster, 'create_main_cluster = false\n');
  // The rules of this machine are none of its business.
  for (const family of ['v4', 'v6'])
    await inside('sh', '-c', `echo iptables-persistent iptables-persistent/autosave_${family} boolean false | debconf-set-selections`);
  await inside('apt-get', '--quiet', 'update');
  await inside('apt-get', '--quiet', '--yes', '--no-install-recommends', 'install', ...onTop);
  await inside('apt-get', 'clean');
  // A program that is there, and no way in that somebody has opened.
  await inside('systemctl', 'disable', 'ssh');
  await rm(noCluster);
  await rm(join(root, 'var/lib/apt/lists'), { recursive: true, force: true });
  await writeFile(join(root, 'etc/hostname'), `${hostName}\n`);
  await writeFile(join(root, 'etc/hosts'), `127.0.0.1 localhost\n${address} ${hostName} engine\n`);
  await writeFile(join(root, 'etc/systemd/system/test-card.service'), card);
  await mkdir(join(root, 'etc/systemd/system/sysinit.target.wants'), { recursive: true });
  await symlink('../test-card.service', join(root, 'etc/systemd/system/sysinit.target.wants/test-card.service'));
}

/** The image of a kind of machine, which is made if it is not there yet. */
export function imageOf(kind: HostKind): Promise<string> {
  const { packages, ...more }: Kind = kinds[kind];
  const recipe = [packages.join(' '), ...(more.onTop === undefined ? [] : [more.onTop.join(' '), card, hostName])].join('\n');
  const path = join(folder, `bookworm-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`);
  const { onTop } = more;
  return made(path, onTop === undefined ? makeBare : (root) => makeEquipped(root, onTop));
}
