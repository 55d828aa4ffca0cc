import { createHash, createPublicKey } from 'node:crypto';
import { type HealthCheck, type Step, type View, message, plugin } from '#kit';
import { directories, running, unitFile, writeFile } from '#steps';
import { publicKeyOfLine } from '../../src/setup/pki/ssh-certificate.ts';
import { render } from '../../src/setup/render/render.ts';
import { healthSocketOf, serviceUnit } from '../environment/settings.ts';
import { paths as imageio } from '../node-imageio/settings.ts';
import { accounts, engineKey, isEnrolled, paths as node } from '../node/settings.ts';
import { agentPort, helperUnit, unit } from './settings.ts';

const folder = '/etc/ovirt-host-agent';
const main = `${folder}/host-agent.conf`;
const helperMain = `${folder}/helper.conf`;
const networks = '/usr/local/lib/systemd/network';
const helperSocket = '/run/ovirt-host-helper/socket';
const logOf = (name: string): string => `/var/log/vdsm/${name}.log`;

/** By it the agent knows the engine: everything else that the authority has signed may not give orders. */
function fingerprintOf(line: string): string {
  const key = publicKeyOfLine(line);
  if (key === undefined) return '';
  return createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

const configuration = (view: View): readonly Step[] => [
  directories({ id: 'agent/directories', chapter: 'agent', title: 'Creating directories of the agent', quiet: true }, [
    { path: folder, mode: 0o755 },
    { path: `${main}.d`, mode: 0o755 },
    { path: `${helperMain}.d`, mode: 0o755 },
    // Networks of virtual machines, which the helper makes.
    { path: '/usr/local/lib/systemd', mode: 0o755 },
    { path: networks, mode: 0o755 },
  ]),
  writeFile(
    {
      id: 'agent/10-setup.conf',
      chapter: 'agent',
      title: 'Configuring the agent',
      needs: ['agent/directories', 'node/certificate', 'node/authority'],
      notify: [unit],
    },
    {
      path: `${main}.d/10-setup.conf`,
      content: render('node/agent.conf', {
        port: agentPort,
        certificate: node.certificate,
        key: node.key,
        authority: node.authority,
        engine: fingerprintOf(view.get(engineKey)),
        helperSocket,
        ticketSocket: imageio.controlSocket,
        healthSocket: healthSocketOf(unit),
      }),
    },
  ),
  writeFile(
    {
      id: 'agent/helper.conf',
      chapter: 'agent',
      title: 'Configuring the helper of the agent',
      quiet: true,
      needs: ['agent/directories'],
      notify: [helperUnit],
    },
    {
      path: `${helperMain}.d/10-setup.conf`,
      content: render('node/helper.conf', { socket: helperSocket, healthSocket: healthSocketOf(helperUnit) }),
    },
  ),
];

const service = (view: View, name: string, wanted: Parameters<typeof serviceUnit>[1], needs: readonly string[]): readonly Step[] => [
  unitFile(
    { id: `${name}/unit`, chapter: 'units', title: message`Installing the unit of ${wanted.unit}`, quiet: true, notify: [wanted.unit] },
    serviceUnit(view, wanted),
  ),
  running(
    {
      id: `${name}/start`,
      chapter: 'services.start',
      title: message`Starting ${wanted.unit}`,
      quiet: true,
      needs: [`${name}/unit`, 'agent/10-setup.conf', 'node/directories', ...needs],
    },
    { unit: wanted.unit, remedy: message`Look into ${wanted.log}` },
  ),
];

const steps = (view: View): readonly Step[] => [
  ...configuration(view),
  ...service(
    view,
    'helper',
    {
      unit: helperUnit,
      account: 'root',
      main: 'src/services/host-helper/main.ts',
      configuration: { HOST_HELPER_CONF: helperMain },
      log: logOf('helper'),
      // To let the agent, and nobody else, open its socket, and to give it what it mounts.
      capabilities: ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER'],
    },
    ['agent/helper.conf'],
  ),
  ...service(
    view,
    'agent',
    {
      unit,
      account: accounts.agent,
      main: 'src/services/host-agent/main.ts',
      // Each call to storage that hangs keeps a thread; what has nothing to do with that storage must go on.
      environment: ['UV_THREADPOOL_SIZE=64'],
      configuration: { HOST_AGENT_CONF: main },
      log: logOf('agent'),
    },
    ['helper/start', 'node/members', 'libvirt/qemu.conf'],
  ),
];

/** Only the engine may call: that somebody listens is all that can be asked from here. */
const health: HealthCheck = {
  name: 'host-agent',
  limitMs: 60_000,
  remedy: message`Look into ${logOf('agent')}`,
  probe: async (host) =>
    (await host.network.listener(agentPort)) === undefined ? message`Nobody listens on port ${agentPort}` : undefined,
};

export default plugin({
  name: 'node-agent',
  steps: (view) => (isEnrolled(view) ? steps(view) : []),
  health: (view) => (isEnrolled(view) ? [health] : []),
});
