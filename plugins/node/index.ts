import { type HostReader, type Problem, type View, message, plugin, readText } from '#kit';
import { isWholeHost, program, realRoot, runner, sandbox, system } from '../environment/settings.ts';
import { accountSteps } from './accounts.ts';
import { foundation } from './foundation.ts';
import { identity } from './identity.ts';
import { leaseSteps, machine } from './leases.ts';
import {
  accounts,
  address,
  agentId,
  authority,
  certificate,
  consoleAuthority,
  consoleCertificate,
  engineKey,
  enrolment,
} from './settings.ts';

/** Distributions that a node can be made of. */
const supported: Readonly<Record<string, readonly string[]>> = { debian: ['12'] };

/** The engine and a node keep their accounts of runs in the same place. */
const engineConfiguration = '/etc/ovirt-engine/engine.conf.d/10-setup-database.conf';

const neededBytes = 600 * 1024 * 1024;

/** Who has the number that the account of the agent needs, or that account with another number. */
async function accountInTheWay(host: HostReader): Promise<readonly Problem[]> {
  const files = await Promise.all(['/etc/passwd', '/etc/group'].map(async (path) => (await readText(host, path)) ?? ''));
  const entries = files.flatMap((text) => text.split('\n').map((line) => line.split(':')));
  const wrong = entries.find(([name, , id]) => (name === accounts.agent) !== (id === String(agentId)) && (name ?? '') !== '');
  if (wrong === undefined) return [];
  const [name = '', , id = ''] = wrong;
  return [
    {
      id: 'node-account',
      level: 'error',
      message: message`${name} has the number ${id} on this host; storage needs the account ${accounts.agent} with the number ${agentId}`,
      remedy: message`Give ${name} another number or name, or use another host.`,
    },
  ];
}

async function foundations(view: View, host: HostReader): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const add = (id: string, text: Problem['message'], remedy: Problem['message']): void =>
    void problems.push({ id, level: 'error', message: text, remedy });
  const { id, version, title } = view.fact(system).distribution;
  if (supported[id]?.includes(version) !== true)
    add('unsupported-host', message`${title} is not supported; this version knows Debian 12`, 'Install Debian 12 on the host.');
  if ((await readText(host, engineConfiguration)) !== undefined)
    add('engine-here', 'The engine is installed on this host; a compute node needs a host of its own', 'Add another host.');
  const free = await host.files.free('/var/lib');
  if (free < neededBytes)
    add(
      'disk-space',
      message`/var/lib has ${Math.floor(free / 1024 ** 2)} MiB left; a compute node needs ${neededBytes / 1024 ** 2} MiB`,
      'Make room on the disk of the host.',
    );
  return [...problems, ...(await accountInTheWay(host))];
}

export default plugin({
  name: 'node',
  applies: isWholeHost,
  facts: [sandbox, realRoot, runner, program, system, enrolment, machine],
  settings: [address, engineKey, authority, certificate, consoleAuthority, consoleCertificate],
  preflight: foundations,
  steps: (view) => [...foundation(view), ...leaseSteps(view), ...accountSteps(view), ...identity(view)],
});
