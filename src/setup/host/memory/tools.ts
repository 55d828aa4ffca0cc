import { posix } from 'node:path';
import { SetupError } from '../../kit/errors.ts';
import { type Entry, type Host, type Output, file, textOf } from '../../kit/host.ts';
import { distributionOf } from './distributions.ts';
import type { Effects } from './effects.ts';
import { type Machine, configurationOf } from './machine.ts';
import { initialize } from './cluster.ts';

/* Package managers of distributions and their tools, as far as setup calls them. All they know lies on the disk. */

const done: Output = { code: 0, stdout: '', stderr: '' };

const removeBelow = (disk: Map<string, Entry>, path: string): void => {
  for (const key of [...disk.keys()]) if (key === path || key.startsWith(`${path}/`)) disk.delete(key);
};

function createCluster(machine: Machine, port: string): void {
  const { configuration, data } = distributionOf(machine).server;
  const put = (name: string, text: string): void => void machine.disk.set(`${configuration}/${name}`, file(text, 0o640));
  const folders = ['/etc/postgresql', '/etc/postgresql/15', configuration, `${configuration}/conf.d`];
  for (const path of folders) machine.disk.set(path, { kind: 'directory', mode: 0o755 });
  put('postgresql.conf', `data_directory = '${data}'\nport = ${port}\nmax_connections = 100\ninclude_dir = 'conf.d'\n`);
  put('pg_hba.conf', 'local   all             postgres                                peer\n');
  initialize(machine, data, '');
}

function dropCluster({ disk, running, system }: Machine): void {
  const { configuration, data, unit } = distributionOf({ system }).server;
  for (const path of [configuration, data]) removeBelow(disk, path);
  for (const path of ['/etc/postgresql/15', '/etc/postgresql']) disk.delete(path);
  running.delete(unit);
}

/** Packages of the system, with the services that those of Debian start at once. */
export function packages(machine: Machine, effects: Effects): Host['packages'] {
  const { disk, running } = machine;
  const { server, packages: manager } = distributionOf(machine);
  const { folder, ending, marks } = manager;
  const noteOf = (name: string): string => `${folder}/${name}${ending}`;
  const version = (name: string): string | undefined => {
    const text = textOf(disk.get(noteOf(name)));
    return text === '' ? machine.packages.get(name) : text;
  };
  const installOne = (name: string): void => {
    disk.set(noteOf(name), file('1.0-1', 0o644));
    for (const [path, text] of Object.entries(manager.files[name] ?? {})) {
      if (!disk.has(posix.dirname(path))) disk.set(posix.dirname(path), { kind: 'directory', mode: 0o755 });
      disk.set(path, file(text, 0o644));
    }
    const automatic =
      server.madeWithCluster && !textOf(disk.get('/etc/postgresql-common/createcluster.d/ovirt-engine.conf')).includes('false');
    if (name !== server.package || !automatic || disk.has(`${server.configuration}/postgresql.conf`)) return;
    createCluster(machine, '5432');
    running.set(server.unit, configurationOf(machine, server.unit));
  };
  const removeOne = (name: string): void => {
    disk.delete(noteOf(name));
    for (const path of Object.keys(manager.files[name] ?? {})) {
      disk.delete(path);
      const folder = posix.dirname(path);
      if (![...disk.keys()].some((one) => one.startsWith(`${folder}/`))) disk.delete(folder);
    }
    if (name === server.package && server.madeWithCluster) dropCluster(machine);
  };
  return {
    version: async (name) => (effects.alive(), version(name)),
    async automatic(names) {
      const marked = textOf(disk.get(marks)).split('\n');
      return (effects.alive(), names.filter((name) => marked.includes(name)));
    },
    updates: async () => machine.updates,
    async installed() {
      effects.alive();
      const notes = [...disk.keys()].filter((path) => path.startsWith(`${folder}/`) && path.endsWith(ending));
      return [...machine.packages.keys(), ...notes.map((path) => posix.basename(path, ending))].sort();
    },
    // Nothing needs anything else here.
    neededBy: async (names) => (effects.alive(), names.filter((name) => version(name) !== undefined)),
    async unobtainable() {
      effects.alive();
      return machine.unreachableSources ? 'the sources do not answer' : undefined;
    },
    install: async (names) => effects.perform(`${manager.install} ${names.join(' ')}`, () => names.forEach(installOne)),
    remove: async (names) => effects.perform(`${manager.remove} ${names.join(' ')}`, () => names.forEach(removeOne)),
    mark: async (names, as) =>
      effects.perform(`${manager.mark} ${as} ${names.join(' ')}`, () => {
        const others = textOf(disk.get(marks))
          .split('\n')
          .filter((name) => name !== '' && !names.includes(name));
        const lines = as === 'automatic' ? [...others, ...names].sort() : others;
        if (lines.length === 0) disk.delete(marks);
        else disk.set(marks, file(lines.map((name) => `${name}\n`).join(''), 0o644));
      }),
  };
}

const accountsIn = (sysusers: string): readonly (readonly [name: string, id: string])[] =>
  [...sysusers.matchAll(/^u (\S+) (\S+)/gm)].map(([, name = '', id = '']) => [name, id === '-' ? '999' : id]);

/** Groups with their members, one for each line. */
const group = '/etc/group';
function changeMember({ disk }: Machine, name: string, change: (members: readonly string[]) => readonly string[]): void {
  const lines = new Map(
    textOf(disk.get(group))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.split(':')[0] ?? '', line.split(':')[3]?.split(',') ?? []]),
  );
  lines.set(name, [...change((lines.get(name) ?? []).filter((one) => one !== ''))].sort());
  // A group of which nothing is known but its members is not there without any.
  const left = [...lines].filter(([, members]) => members.length > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  const idOf = (one: string): string => new RegExp(`^${one}:x:(\\d+):`, 'm').exec(textOf(disk.get('/etc/passwd')))?.[1] ?? '998';
  if (left.length === 0) disk.delete(group);
  else disk.set(group, file(left.map(([one, members]) => `${one}:x:${idOf(one)}:${members.join(',')}\n`).join(''), 0o644));
}

/** Programs of the system; undefined for one that it does not have. */
export function systemProgram(machine: Machine, effects: Effects, argv: readonly string[]): Output | undefined {
  const { disk } = machine;
  const passwd = '/etc/passwd';
  const perform = (work: () => void): Output => (effects.perform(argv.join(' '), work), done);
  const [program = '', ...words] = argv;
  switch (program) {
    case 'systemd-sysusers':
      return perform(() => {
        const known = textOf(disk.get(passwd))
          .split('\n')
          .filter((line) => line !== '');
        const declared = textOf(disk.get(words[0] ?? ''));
        const lines = accountsIn(declared)
          .filter(([name]) => !known.some((line) => line.startsWith(`${name}:`)))
          .map(([name, id]) => `${name}:x:${id}:${id}::/:/usr/sbin/nologin`);
        // In one order, whichever of them were there before.
        const all = [...known, ...lines].sort();
        if (all.length > 0) disk.set(passwd, file(`${all.join('\n')}\n`, 0o644));
        for (const [, user = '', name = ''] of declared.matchAll(/^m (\S+) (\S+)/gm))
          changeMember(machine, name, (members) => [...new Set([...members, user])]);
      });
    case 'gpasswd':
      return perform(() => changeMember(machine, words[2] ?? '', (members) => members.filter((one) => one !== words[1])));
    case 'systemd-tmpfiles':
      return perform(() => {
        for (const [, path = '', mode = ''] of textOf(disk.get(words[1] ?? '')).matchAll(/^d (\S+) (\d+)/gm))
          disk.set(path, { kind: 'directory', mode: Number.parseInt(mode, 8) });
      });
    case 'userdel':
      return perform(() => {
        const lines = textOf(disk.get(passwd)).split('\n');
        const left = lines.filter((line) => !line.startsWith(`${words[0] ?? ''}:`)).join('\n');
        if (left.trim() === '') disk.delete(passwd);
        else disk.set(passwd, file(left, 0o644));
        for (const [, name = ''] of textOf(disk.get(group)).matchAll(/^([^:]+):/gm))
          changeMember(machine, name, (members) => members.filter((one) => one !== words[0]));
      });
    case 'pg_createcluster':
      return perform(() => createCluster(machine, words.find((word) => word.startsWith('--port='))?.slice(7) ?? '5432'));
    case 'sysctl':
      return perform(() => {
        const [option = '', value = ''] = words;
        const text = option === '--write' ? value : textOf(disk.get(option.replace('--load=', '')));
        disk.set('/proc/sys/kernel/shmmax', file(/kernel\.shmmax\s*=\s*(\d+)/.exec(text)?.[1] ?? '', 0o644));
      });
    case 'chmod':
      return perform(() => undefined);
    case '/usr/sbin/sshd':
      return { ...done, code: machine.withoutSshd ? 127 : 1 };
    case 'getent':
      return { ...done, stdout: `${words[1] ?? ''}:x:1000:1000::/home:${words[1] === 'nobody' ? '/usr/sbin/nologin' : '/bin/bash'}\n` };
    case 'runuser':
      // Programs of ours that ask the engine.
      return done;
    case 'find':
      // Nothing here is from the future.
      return done;
    case 'pg_dropcluster':
      return perform(() => dropCluster(machine));
    case 'env':
      if (words.includes('postgresql-setup')) return perform(() => initialize(machine, distributionOf(machine).server.data, ''));
      // The copy of the program: nothing of it is run here.
      if (!words.includes('cp')) return undefined;
      return perform(() => {
        const target = words.at(-1) ?? '';
        if (!disk.has(target)) throw new SetupError('failed', `${target} is not there`);
        disk.set(`${target}/package.json`, file('{}', 0o644));
      });
    default:
      // Programs of ours that a trial calls by their paths.
      return words.at(-1) === '--check' ? done : undefined;
  }
}
