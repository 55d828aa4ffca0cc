import { posix } from 'node:path';
import { type Command, type Output, textOf } from '../../kit/host.ts';
import { distributionOf } from './distributions.ts';
import type { Effects } from './effects.ts';
import { firewallCmd, firewallOfflineCmd } from './firewalld.ts';
import { tablesProgram } from './iptables.ts';
import type { Machine } from './machine.ts';
import { ovnProgram } from './ovn.ts';

const done = (stdout = ''): Output => ({ code: 0, stdout, stderr: '' });

/** Modules that directives belong to, as far as our files use them. */
const modules: Readonly<Record<string, string>> = {
  ProxyPass: 'proxy',
  SSLEngine: 'ssl',
  Header: 'headers',
  RequestHeader: 'headers',
  RedirectMatch: 'alias',
};

/** What is wrong with the files that Apache reads: a link to nothing, a module that is not loaded, a certificate that is not there. */
function flawOfApache(machine: Machine): string | undefined {
  const { disk } = machine;
  const { unit, home, folders, linksModules } = distributionOf(machine).web;
  const enabled = [...disk]
    .filter(([path]) => folders.includes(posix.relative(home, posix.dirname(path))))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, entry] of enabled) {
    const behind = entry.kind === 'link' ? disk.get(posix.resolve(posix.dirname(path), entry.target)) : entry;
    if (behind?.kind !== 'file') return `${unit}: Could not open configuration file ${path}: No such file or directory`;
    for (const [index, line] of textOf(behind).split('\n').entries()) {
      const [directive = '', first = ''] = line.trim().split(/\s+/);
      const place = `AH00526: Syntax error on line ${index + 1} of ${path}:`;
      const module = modules[directive];
      if (linksModules && module !== undefined && !disk.has(`${home}/mods-enabled/${module}.load`))
        return `${place}\nInvalid command '${directive}', perhaps misspelled or defined by a module not included in the server configuration`;
      const file = first.replaceAll('"', '');
      if (/^SSL\w*Certificate\w*File$/.test(directive) && !disk.has(file))
        return `${place}\n${directive}: file '${file}' does not exist or is empty`;
    }
  }
  return undefined;
}

function configtest(machine: Machine): Output {
  const flaw = flawOfApache(machine);
  if (flaw === undefined) return { code: 0, stdout: '', stderr: 'Syntax OK\n' };
  const stderr = `${flaw}\nAction 'configtest' failed.\nThe Apache error log may have more information.\n`;
  return { code: 1, stdout: '', stderr };
}

/** Sockets of the SSH server, in the form of `ss`. */
const sockets = ({ sshPorts }: Machine): string =>
  [...sshPorts].map((port) => `LISTEN 0 128 0.0.0.0:${port} 0.0.0.0:* users:(("sshd",pid=99,fd=3))\n`).join('');

/** Programs of a whole host, as far as setup calls them; undefined for any other. */
export function hostProgram(machine: Machine, effects: Effects, { argv, input }: Command): Output | undefined {
  const [program, ...args] = argv;
  if (program === distributionOf(machine).web.control && args[0] === 'configtest') return configtest(machine);
  if (program === 'ss') return done(sockets(machine));
  // An NTP service runs, whichever that is.
  if (program === 'systemctl' && args[0] === 'is-active') return done('active\n');
  if (program === 'systemctl' && args[0] === 'try-restart') return done('');
  if (program === 'firewall-cmd') return firewallCmd(machine, effects, args);
  if (program === 'firewall-offline-cmd') return firewallOfflineCmd(machine, effects, args);
  return ovnProgram(machine, effects, argv) ?? tablesProgram(machine, effects, argv, input);
}
