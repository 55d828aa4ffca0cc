import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto';
import { basename, dirname } from 'node:path/posix';
import type { Command, Entry, Host, Output, SqlWriter } from '../../kit/host.ts';
import { SetupError } from '../../kit/errors.ts';
import { file, textOf } from '../../kit/host.ts';
import { message } from '../../kit/text.ts';
import { initialize } from './cluster.ts';
import { distributionOf, firstCertificate } from './distributions.ts';
import { type Accident, type Effects, type Moment, newEffects } from './effects.ts';
import { type Machine, configurationOf, copyOf } from './machine.ts';
import { carry, connect } from './postgres.ts';
import { privateKey } from './private-keys.ts';
import { healthOf, ovnProvider, unitOf as ovnUnitOf } from './ovn.ts';
import { hostProgram } from './programs.ts';
import { sealing } from './sealing.ts';
import { runOn, sshOf } from './ssh.ts';
import { packages, systemProgram } from './tools.ts';

export { type Accident, type Moment, PowerCut } from './effects.ts';
export { clusterElsewhere } from './cluster.ts';
export { type Machine, type SshServer, afterPowerCut, configurationOf, copyOf, newMachine } from './machine.ts';

const contentOf = (entry: Entry | undefined): Uint8Array => (entry?.kind === 'file' ? entry.content : new Uint8Array());

const children = (machine: Machine, path: string): readonly string[] =>
  [...machine.disk.keys()].filter((key) => key.startsWith(`${path}/`));

function files(machine: Machine, effects: Effects): Host['files'] {
  const { disk } = machine;
  const parents = (path: string, on = disk): void => {
    const parent = dirname(path);
    if (on.has(parent)) return;
    parents(parent, on);
    on.set(parent, { kind: 'directory', mode: 0o755 });
  };
  const look = <T>(answer: () => T): Promise<T> => {
    effects.alive();
    return Promise.resolve(answer());
  };
  // The account of a path without owners, as in a sandbox.
  const plain = (entry: Entry): Entry => {
    if (entry.kind === 'link') return entry;
    return entry.kind === 'directory'
      ? { kind: 'directory', mode: entry.mode }
      : { kind: 'file', content: entry.content, mode: entry.mode };
  };
  return {
    read: (path) => look(() => disk.get(path)),
    list: (path) => look(() => [...new Set(children(machine, path).map((key) => key.slice(path.length + 1).split('/')[0] ?? ''))].sort()),
    free: () => look(() => machine.freeBytes),
    real: (path) => `${machine.prefix}${path}`,
    write: async (path, entry) =>
      effects.perform(`write ${path}`, () => {
        parents(path);
        disk.set(path, plain(entry));
      }),
    append: async (path, line) => {
      const put = (text: string, on = disk): void => {
        parents(path, on);
        on.set(path, { kind: 'file', content: Buffer.concat([contentOf(on.get(path)), Buffer.from(text)]), mode: 0o600 });
      };
      effects.perform(
        `append ${path}`,
        () => put(`${line}\n`),
        (torn) => put(line.slice(0, line.length / 2), torn),
      );
    },
    remove: async (path) =>
      effects.perform(`remove ${path}`, () => {
        for (const key of [path, ...children(machine, path)]) disk.delete(key);
      }),
    rename: async (from, to) =>
      effects.perform(`rename ${from} ${to}`, () => {
        for (const key of [from, ...children(machine, from)]) {
          const entry = disk.get(key);
          if (entry === undefined) throw new SetupError('failed', `${key} is not there`);
          disk.set(to + key.slice(from.length), entry);
          disk.delete(key);
        }
      }),
  };
}

function services({ disk, running, ...machine }: Machine, effects: Effects): Host['services'] {
  const whole: Machine = { disk, running, ...machine };
  const link = (unit: string): string => `/etc/systemd/system/multi-user.target.wants/${unit}.service`;
  const { server, ovn, packages: manager } = distributionOf(machine);
  const isMade = (unit: string): boolean =>
    server.madeWithCluster && unit === server.unit && disk.has(`${server.configuration}/postgresql.conf`);
  const isOvn = (unit: string): boolean => unit === ovn && disk.has(`${manager.folder}/ovn-central${manager.ending}`);
  // It is started when somebody comes to its socket.
  const isLibvirt = (unit: string): boolean => unit === 'libvirtd' && disk.has(`${manager.folder}/libvirt-daemon-system${manager.ending}`);
  const ofSystem = (unit: string): boolean => machine.units.has(unit) || isMade(unit) || isOvn(unit) || isLibvirt(unit);
  const begin = (unit: string): void => {
    if (!ofSystem(unit) && !disk.has(`/etc/systemd/system/${unit}.service`)) throw new SetupError('failed', `There is no unit ${unit}`);
    // A unit that has done its work is over.
    if (unit === 'httpd-init') disk.set(firstCertificate, file('', 0o600));
    else running.set(unit, configurationOf(whole, unit));
  };
  return {
    isActive: async (unit) => (effects.alive(), running.has(unit)),
    // A cluster of the distribution is started with the others.
    isEnabled: async (unit) => (effects.alive(), disk.has(link(unit)) || isMade(unit)),
    exists: async (unit) => (effects.alive(), ofSystem(unit) || disk.has(`/etc/systemd/system/${unit}.service`)),
    enable: async (unit, on) =>
      effects.perform(`${on ? 'enable' : 'disable'} ${unit}`, () => {
        if (on) disk.set(link(unit), { kind: 'link', target: `../${unit}.service` });
        else disk.delete(link(unit));
      }),
    start: async (unit) => effects.perform(`start ${unit}`, () => begin(unit)),
    stop: async (unit) => effects.perform(`stop ${unit}`, () => void running.delete(unit)),
    // A restart that fails has stopped the unit all the same.
    restart: async (unit) =>
      effects.perform(
        `restart ${unit}`,
        () => begin(unit),
        undefined,
        () => void running.delete(unit),
      ),
    reload: async (unit) => effects.perform(`reload ${unit}`, () => begin(unit)),
  };
}

const missing: Output = { code: 127, stdout: '', stderr: 'there is no such program' };

function programs(machine: Machine, effects: Effects): (command: Command) => Promise<Output> {
  return async (command) => {
    effects.alive();
    const ofHost = hostProgram(machine, effects, command);
    if (ofHost !== undefined) return ofHost;
    const { argv } = command;
    // Programs are told real paths.
    const option = (name: string): string =>
      argv.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1 + machine.prefix.length) ?? '';
    if (argv.at(-1) === '--version') {
      const version = /^\/usr\/(?:lib\/postgresql\/|pgsql-)(\d+)\//.exec(argv.at(-2) ?? '')?.[1];
      const there = version === undefined || machine.systemPostgres.includes(version);
      return there ? { code: 0, stdout: `postgres (PostgreSQL) ${version ?? machine.postgresVersion}.1\n`, stderr: '' } : missing;
    }
    if (argv[0] === 'du') return { code: 0, stdout: `${48 * 1024 ** 2}\t${argv.at(-1) ?? ''}\n`, stderr: '' };
    const answer = systemProgram(machine, effects, argv);
    if (answer !== undefined) return answer;
    if (!argv.some((word) => word.endsWith('/initdb'))) throw new Error(`the machine in memory has no program ${argv.join(' ')}`);
    effects.perform(argv.join(' '), () => initialize(machine, option('--pgdata'), textOf(machine.disk.get(option('--pwfile'))).trim()));
    return { code: 0, stdout: '', stderr: '' };
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hashes = new Map<string, Buffer>();
/** A slow computation, done once for each of its inputs: tests run through hundreds of installations. */
function once(input: readonly unknown[], compute: () => Buffer): Buffer {
  const key = JSON.stringify(input);
  const hash = hashes.get(key) ?? compute();
  hashes.set(key, hash);
  return hash;
}

/** A host in memory, for tests and for plans without a machine. Random numbers and the time are always the same. */
export interface MemoryHost extends Host {
  readonly machine: Machine;
  /** What was changed, in order. */
  readonly effects: readonly string[];
}

/** A host in memory on a machine; each accident happens at the effect it names. */
export const memoryHost = (machine: Machine, ...accidents: readonly Accident[]): MemoryHost =>
  hostOn(machine, newEffects(machine, accidents));

/** The same, with an account of what the machine was like at every moment: a run on it stands for a run that is cut at each. */
export function watchedHost(machine: Machine, ...accidents: readonly Accident[]): { host: MemoryHost; moments(): readonly Moment[] } {
  const moments: Moment[] = [];
  const host = hostOn(
    machine,
    newEffects(machine, accidents, (moment) => moments.push(moment)),
  );
  const end = (): Moment => ({ at: host.effects.length, how: 'cut-after', effect: host.effects.at(-1) ?? '', machine: copyOf(machine) });
  return { host, moments: () => [...moments, end()] };
}

function hostOn(machine: Machine, effects: Effects): MemoryHost {
  const unitOf = (port: number): string | undefined =>
    ovnUnitOf(machine, port) ??
    [...machine.running].find(([, configuration]) =>
      [`PORT="${port}"`, `\nPort ${port}\n`, `port = '${port}'`, `<VirtualHost *:${port}>`, `<VirtualHost *:${port} `].some((words) =>
        configuration.includes(words),
      ),
    )?.[0];
  const run = programs(machine, effects);
  return {
    machine,
    effects: effects.list,
    files: files(machine, effects),
    services: services(machine, effects),
    packages: packages(machine, effects),
    network: {
      hostname: async () => machine.hostname,
      addresses: async () => machine.addresses,
      stableAddresses: async () => machine.addresses.filter((address) => !address.startsWith('127.')),
      resolve: async (name) => machine.names.get(name) ?? [],
      dns: async (name) => machine.dns.get(name) ?? [],
      reverse: async (address) => [...machine.dns].filter(([, addresses]) => addresses.includes(address)).map(([name]) => name),
      lookedUpIn: async () => message`/etc/hosts and the DNS server ${'192.0.2.53'}`,
      listener: async (port) => {
        const program = machine.foreignPorts.get(port) ?? unitOf(port);
        return program === undefined ? undefined : { pid: 4711, program };
      },
      ...sshOf(machine),
      answersSsh: async (at) => unitOf(at.port)?.startsWith('ovirt-vmconsole-') === true || sshOf(machine).answersSsh(at),
      health: async (socket) => {
        const unit = basename(dirname(socket));
        if (!machine.running.has(unit)) return undefined;
        return { service: unit, version: '0.1.0', state: 'ready', checks: unit === ovnProvider ? healthOf(machine) : {} };
      },
      get: async ({ url }) => {
        const unit = unitOf(Number(new URL(url).port || 443));
        if (unit === undefined) throw new Error('nobody listens');
        const engine = unit === 'ovirt-engine' || (unit === distributionOf(machine).web.unit && machine.running.has('ovirt-engine'));
        if (unit === ovnProvider) return { status: 200, body: '{}' };
        if (engine) return { status: 200, body: 'DB Up!Welcome to Health Status!' };
        return unit === 'ovirt-imageio' ? { status: 200, body: '{"version":"0.1.0"}' } : { status: 426, body: '' };
      },
    },
    database: {
      look: async (at, work) => {
        effects.alive();
        const session = connect(machine, at);
        return work({
          rows: async <R>(text: string, values?: readonly unknown[]) => session.run([{ text, values: values ?? [] }]) as readonly R[],
        });
      },
      change: async (at, work) => {
        effects.alive();
        const session = connect(machine, at);
        const sql: SqlWriter = {
          rows: async <R>(text: string, values: readonly unknown[] = []) => {
            if (text.startsWith('select ')) return session.run([{ text, values }]) as readonly R[];
            return effects.perform(text, () => session.run([{ text, values }])) as readonly R[];
          },
          atomically: async (statements) =>
            void effects.perform(statements.map(({ text }) => text.slice(0, 60)).join('; '), () => session.run(statements)),
        };
        return work(sql);
      },
      // One effect: what was done shows when it is committed.
      transfer: async (from, to, work) => {
        effects.alive();
        const scratch = copyOf(machine);
        const [source, target] = [connect(machine, from), connect(scratch, to)];
        const result = await work({
          from: { rows: async <R>(text: string, values: readonly unknown[] = []) => source.run([{ text, values }]) as readonly R[] },
          to: { rows: async <R>(text: string, values: readonly unknown[] = []) => target.run([{ text, values }]) as readonly R[] },
          copy: async () => (carry(machine, from, scratch, to), 1),
        });
        return effects.perform(`transfer ${from.name}`, () => {
          for (const [path, entry] of scratch.disk) machine.disk.set(path, entry);
          return result;
        });
      },
    },
    crypto: {
      random: (bytes) => createHash('shake256', { outputLength: bytes }).update('always the same').digest(),
      // Real keys of a quarter of the size: they sign many times faster, and nobody but tests trusts them.
      newPrivateKey: async (bits) => privateKey(bits / 4),
      pbkdf2: async (password, salt, iterations) =>
        once([password, hex(salt), iterations], () => pbkdf2Sync(password, salt, iterations, 32, 'sha256')),
      scrypt: async (password, salt, { ln, r, p }) =>
        once([password, hex(salt), ln, r, p], () => scryptSync(password, salt, 32, { N: 2 ** 10, r, p })),
      ...sealing,
    },
    query: run,
    run,
    runOverSsh: (login, command, input) => (effects.alive(), runOn(machine, login, command, input)),
    user: async () => machine.user,
    postgres: async () => ({ directory: '/usr/lib/postgresql/bin', launcher: [] }),
    program: async () =>
      machine.prefix === ''
        ? {
            from: '/srv/clone',
            home: '/usr/lib/ovirt-engine/0.1.0+0123456789ab',
            parts: ['src'],
            intact: machine.disk.has('/usr/lib/ovirt-engine/0.1.0+0123456789ab/package.json'),
          }
        : { from: '/srv/clone', home: '/srv/clone', parts: [], intact: true },
    system: async () => machine.system,
    now: () => machine.now,
    sleep: async () => effects.alive(),
  };
}
