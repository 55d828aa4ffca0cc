import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type HostKind, folder, imageOf } from './host-image.ts';
import { type Ended, type Running, watch } from './trial.ts';

/*
 * Whole machines: a fresh Debian 12 with its own systemd, file system, processes and loopback, and no other network. Each is an
 * overlay on an image (host-image.ts); systemd-nspawn boots it. Its mounts end with it.
 */

const project = fileURLToPath(new URL('../..', import.meta.url));
/** Where the program is seen inside of a host, read-only. */
export const programOnHost = '/opt/engine-setup';

const tools = ['debootstrap', 'systemd-nspawn', 'nsenter', 'unshare', 'setpriv'] as const;

const onPath = (name: string): boolean => (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, name)));

/** Why no host can be booted on this machine; null if they can. */
export async function whyNoHosts(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = tools.filter((tool) => !onPath(tool));
  if (missing.length > 0) return `needs ${missing.join(' and ')}`;
  await mkdir(folder, { recursive: true });
  const probe = await mkdtemp(join(folder, 'probe-'));
  try {
    const { failed } = await execa('unshare', ['--mount', '--pid', '--fork', 'sh', '-c', overlay(probe, probe)], { reject: false });
    return failed ? 'needs the right to mount file systems and to make namespaces' : null;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

/** A shell command that lays a disk over an image, at `DISK/root`. */
const overlay = (lower: string, disk: string): string =>
  `mkdir -p ${disk}/upper ${disk}/work ${disk}/root && mount -t overlay overlay -o lowerdir=${lower},upperdir=${disk}/upper,workdir=${disk}/work ${disk}/root`;

/** A shell command that mounts a file system of its own, which lies in a file beside the disk: the power may go, and it stays. */
const separate = (file: string, size: string, content: string, at: string): string =>
  // Without blocks that only root may use: it is full for everybody at the same time.
  `{ [ -e ${file} ] || mke2fs -q -t ext4 -m 0 -d ${content} ${file} ${size}; } && mount -o loop ${file} ${at}`;

/** Where control groups of services are, whether the kernel has one tree of them or several (cgroups(7)). */
const groupTrees = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'];
/** A shell command that goes on in control groups of its own: in common ones, services of one host would be in the way of those of another. */
const apart = (name: string): string =>
  groupTrees
    .map((tree) => `if [ -w ${tree}/cgroup.procs ]; then mkdir -p ${tree}/${name} && echo 0 >${tree}/${name}/cgroup.procs; fi`)
    .join('; ');
/** Removes the control groups of a host, which nobody is in any more. */
const removeGroups = (name: string): Promise<unknown> =>
  execa('find', [...groupTrees.map((tree) => `${tree}/${name}`), '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'], { reject: false });

let wires = 0;

/**
 * Two network cards on this machine that are wired to each other, one for each of two hosts. They go with the power of either host.
 * Throws where there is no right to make them.
 */
export async function wire(): Promise<readonly [string, string]> {
  const name = `t${process.pid.toString(36)}${(wires++).toString(36)}`;
  const cards = [`${name}a`, `${name}b`] as const;
  await execa('ip', ['link', 'add', cards[0], 'type', 'veth', 'peer', 'name', cards[1]]);
  return cards;
}

/** Why /var of a host cannot be a file system of its own; null if it can. */
export async function whyNoSeparateVar(): Promise<string | null> {
  if (!onPath('mke2fs')) return 'needs mke2fs';
  const probe = await mkdtemp(join(folder, 'probe-'));
  try {
    await mkdir(`${probe}/content`);
    const mounted = separate(`${probe}/file`, '1M', `${probe}/content`, probe);
    const { failed } = await execa('unshare', ['--mount', 'sh', '-c', mounted], { reject: false });
    return failed ? 'needs loop devices' : null;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

export interface TestHost {
  /** Starts a program as root on the host. */
  start(argv: readonly string[]): Running;
  /** Runs a program as root on the host to its end. */
  run(argv: readonly string[]): Promise<Ended>;
  /** Copies a file of this machine onto the host, into a directory that is there. */
  copy(from: string, to: string): Promise<void>;
  /** Where a file of the host is seen from this machine while it runs: sockets too. */
  path(inside: string): string;
  /** Gives it a network card of this machine (`wire`), until its power goes. */
  plug(card: string): Promise<void>;
  /** Ends every process at once, as if the power had gone. The disk stays as it was. */
  cutPower(): Promise<void>;
  /** Boots it, with the disk it has. */
  boot(): Promise<void>;
  /** Cuts its power and throws it away. */
  remove(): Promise<void>;
}

/**
 * Boots a fresh machine. Throws when it does not come up.
 * @param more.ownVar size of a file system of its own for /var, '700M': it can run full
 * @param more.shared a folder of this machine that it sees as /srv/shared, which it may have in common with others
 */
export async function bootHost(
  kind: HostKind = 'bare',
  { ownVar, shared }: { readonly ownVar?: string; readonly shared?: string } = {},
): Promise<TestHost> {
  const image = await imageOf(kind);
  const disk = await mkdtemp(join(folder, 'host-'));
  const groups = `engine-setup-${basename(disk)}`;
  const ofVar = ownVar === undefined ? 'true' : separate(`${disk}/var`, ownVar, `${image}/var`, `${disk}/root/var`);
  let machine: ChildProcess | null = null;
  let console = '';

  const inside = (argv: readonly string[]): ChildProcess => {
    const init = initOf(machine);
    if (init === null) throw new Error('the host is not running');
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const enter = ['-t', init, '-a', 'env', '-i', 'HOME=/root', 'LANG=C.UTF-8', 'TERM=dumb', path];
    return spawn('nsenter', [...enter, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const run = (argv: readonly string[]): Promise<Ended> => watch(inside(argv)).ended;
  const isUp = async (): Promise<boolean> =>
    initOf(machine) !== null && /^(running|degraded)$/m.test((await run(['systemctl', 'is-system-running'])).stdout);

  const host: TestHost = {
    start: (argv) => watch(inside(argv)),
    run,
    path(inside) {
      const init = initOf(machine);
      if (init === null) throw new Error('the host is not running');
      return `/proc/${init}/root${inside}`;
    },
    copy: (from, to) => copyFile(from, host.path(to)),
    async boot() {
      const nspawn = ['systemd-nspawn', '--quiet', '--boot', `--directory=${disk}/root`, '--register=no', '--keep-unit'];
      const options = ['--private-network', '--resolv-conf=off', '--link-journal=no', `--bind-ro=${project}:${programOnHost}`];
      const binds = shared === undefined ? [] : [`--bind=${shared}:/srv/shared`];
      // In a mount namespace of its own, which ends with it; and it ends with us.
      machine = spawn(
        'setpriv',
        [
          '--pdeathsig',
          'KILL',
          'unshare',
          '--mount',
          'sh',
          '-c',
          `${apart(groups)}; ${overlay(image, disk)} && ${ofVar} && exec ${[...nspawn, ...options, ...binds].join(' ')}`,
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      for (const stream of [machine.stdout, machine.stderr]) stream?.on('data', (chunk: Buffer) => (console += chunk.toString()));
      for (let tries = 0; !(await isUp()); tries++) {
        if (machine.exitCode !== null || tries === 300) throw new Error(`the host did not come up:\n${console}`);
        await sleep(200);
      }
    },
    async plug(card) {
      await execa('ip', ['link', 'set', card, 'netns', initOf(machine) ?? '']);
    },
    async cutPower() {
      const init = initOf(machine);
      if (machine === null || machine.exitCode !== null) return;
      const gone = new Promise((resolve) => machine?.once('exit', resolve));
      process.kill(init === null ? (machine.pid ?? 0) : Number(init), 'SIGKILL');
      await gone;
      machine = null;
      await removeGroups(groups);
    },
    async remove() {
      await host.cutPower();
      await rm(disk, { recursive: true, force: true });
    },
  };
  try {
    await host.boot();
    return host;
  } catch (error) {
    await host.remove();
    throw error;
  }
}

/** The first process of a host, which systemd-nspawn has started; null while there is none. */
function initOf(machine: ChildProcess | null): string | null {
  if (machine?.pid === undefined || machine.exitCode !== null) return null;
  try {
    const [child = ''] = readFileSync(`/proc/${machine.pid}/task/${machine.pid}/children`, 'utf8').trim().split(' ');
    return child === '' ? null : child;
  } catch {
    return null;
  }
}
