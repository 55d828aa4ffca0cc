import { type Output, file, textOf } from '../../kit/host.ts';
import { distributionOf } from './distributions.ts';
import type { Effects } from './effects.ts';
import type { Machine } from './machine.ts';

/* The databases of OVN, as far as setup asks and tells them how they are reached. What they keep lies on the disk, and stays there. */

interface Access {
  readonly tls: readonly string[];
  readonly targets: readonly string[];
}
const nobody: Access = { tls: [], targets: [] };

export const ovnProvider = 'ovirt-provider-ovn';

/** On a host the provider listens on ports that stand in no configuration. */
export function unitOf({ running, prefix }: Machine, port: number): string | undefined {
  const configuration = running.get(ovnProvider);
  if (configuration === undefined) return undefined;
  const listens = prefix === '' ? [9696, 35_357].includes(port) : configuration.includes(`-port=${port}\n`);
  return listens ? ovnProvider : undefined;
}

/** What the provider says of itself. */
export const healthOf = (machine: Machine): Readonly<Record<string, string>> => ({
  ovn: machine.running.has(machine.prefix === '' ? distributionOf(machine).ovn : 'ovn-ovsdb-server-nb') ? 'up' : 'down',
});

const programs: Readonly<Record<string, string>> = {
  'ovn-nbctl': '/var/lib/ovn/ovnnb_db.db',
  'ovn-sbctl': '/var/lib/ovn/ovnsb_db.db',
};

const said = (lines: readonly string[]): Output => ({ code: 0, stdout: lines.map((line) => `${line}\n`).join(''), stderr: '' });

/** One command of `ovn-nbctl` or `ovn-sbctl`: what becomes of the database. */
function after(access: Access, words: readonly string[], withRoles: boolean): Access {
  const [command, ...args] = words.filter((word) => !word.startsWith('--'));
  switch (command) {
    case 'set-ssl':
      return { ...access, tls: args.slice(0, 3) };
    case 'del-ssl':
      return { ...access, tls: [] };
    case 'set-connection':
      return { ...access, targets: withRoles ? args.filter((word) => word.includes(':')) : args };
    case 'del-connection':
      return { ...access, targets: [] };
    default:
      throw new Error(`OVN in memory has no command ${words.join(' ')}`);
  }
}

/** What a trial calls by its path: `ovsdb-tool`, and what it will run; undefined for any other program. */
function trialProgram(machine: Machine, effects: Effects, [program = '', ...words]: readonly string[]): Output | undefined {
  if (!['/usr/bin/ovsdb-tool', '/usr/sbin/ovsdb-server', '/usr/bin/ovn-northd'].includes(program)) return undefined;
  if (machine.withoutOvn) return { code: 127, stdout: '', stderr: 'there is no such program' };
  const [command, path = ''] = words;
  if (command !== 'create') return said([command === 'schema-name' ? 'OVN' : 'ovsdb-server (Open vSwitch) 3.1.0']);
  const place = path.slice(machine.prefix.length);
  const lock = place.replace(/[^/]+$/, (name) => `.${name}.~lock~`);
  effects.perform([program, ...words].join(' '), () => {
    for (const one of [place, lock]) machine.disk.set(one, file('', 0o640));
  });
  return said([]);
}

/** `ovn-nbctl` and `ovn-sbctl`, and what a trial calls; undefined for any other program. */
export function ovnProgram(machine: Machine, effects: Effects, argv: readonly string[]): Output | undefined {
  const [program = '', ...words] = argv;
  const path = programs[program];
  if (path === undefined) return trialProgram(machine, effects, argv);
  const { disk, running } = machine;
  if (!running.has(distributionOf(machine).ovn))
    return { code: 1, stdout: '', stderr: 'database connection failed (No such file or directory)' };
  const entry = disk.get(path);
  const access = entry === undefined ? nobody : (JSON.parse(textOf(entry)) as Access);
  const withRoles = program === 'ovn-sbctl';
  if (words.includes('get-ssl')) {
    return said(
      ['Private key', 'Certificate', 'CA Certificate'].flatMap((name, at) =>
        access.tls[at] === undefined ? [] : [`${name}: ${access.tls[at]}`],
      ),
    );
  }
  if (words.includes('get-connection')) return said(access.targets.map((target) => (withRoles ? `read-write role="" ${target}` : target)));
  const commands: string[][] = [[]];
  for (const word of words) {
    if (word === '--') commands.push([]);
    else commands.at(-1)?.push(word);
  }
  effects.perform(argv.join(' '), () => {
    const wanted = commands.reduce((found, command) => after(found, command, withRoles), access);
    if (wanted.tls.length === 0 && wanted.targets.length === 0) disk.delete(path);
    else disk.set(path, file(JSON.stringify(wanted), 0o640));
  });
  return said([]);
}
