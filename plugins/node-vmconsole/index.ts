import { type HealthCheck, type Step, type View, message, nothing, plugin } from '#kit';
import { command, directories, running, succeed, unitFile, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { programPath } from '../environment/settings.ts';
import { accounts, isEnrolled, paths as node } from '../node/settings.ts';
import { hostPort, unit } from './settings.ts';

const folder = '/etc/ovirt-vmconsole/ovirt-vmconsole-host';
const configuration = `${folder}/sshd_config`;
const principals = `${folder}/principals`;
/** Where sockets of consoles are; it is gone with the power of the host. */
const consoles = '/run/ovirt-vmconsole-console';
const tmpfiles = '/etc/tmpfiles.d/ovirt-vmconsole.conf';

const steps = (view: View): readonly Step[] => [
  directories({ id: 'node-vmconsole/directories', chapter: 'vmconsole', title: 'Creating directories for serial consoles', quiet: true }, [
    { path: '/etc/ovirt-vmconsole', mode: 0o755 },
    { path: folder, mode: 0o755 },
    // Home of the account, in which there is nothing.
    { path: '/usr/share/ovirt-vmconsole', mode: 0o755 },
    { path: '/usr/share/ovirt-vmconsole/empty', mode: 0o755 },
  ]),
  writeFile(
    {
      id: 'node-vmconsole/tmpfiles',
      chapter: 'vmconsole',
      title: 'Declaring the folder of serial consoles',
      quiet: true,
      needs: ['node/accounts'],
    },
    { path: tmpfiles, content: render('node/consoles.conf', { path: consoles, agent: accounts.agent, vmconsole: accounts.vmconsole }) },
  ),
  command(
    {
      id: 'node-vmconsole/folder',
      chapter: 'vmconsole',
      title: 'Creating the folder of serial consoles',
      quiet: true,
      needs: ['node-vmconsole/tmpfiles'],
    },
    {
      look: async (host) =>
        (await host.files.read(consoles)) === undefined ? { kind: 'create', note: consoles, makes: [consoles] } : nothing,
      run: (host) => succeed(host, { argv: ['systemd-tmpfiles', '--create', tmpfiles] }),
      undo: 'restore-files',
    },
  ),
  writeFile(
    {
      id: 'node-vmconsole/principals',
      chapter: 'vmconsole',
      title: 'Saying who reaches serial consoles',
      quiet: true,
      needs: ['node-vmconsole/directories'],
    },
    { path: principals, content: 'ovirt-vmconsole-proxy\n' },
  ),
  writeFile(
    {
      id: 'node-vmconsole/sshd_config',
      chapter: 'vmconsole',
      title: 'Configuring the SSH server for serial consoles',
      needs: ['node-vmconsole/principals', 'node/console-certificate', 'node/console-authority'],
      notify: [unit],
    },
    {
      path: configuration,
      content: render('vmconsole/host-sshd_config', {
        port: hostPort,
        hostKey: node.consoleKey,
        hostCertificate: node.consoleCertificate,
        account: accounts.vmconsole,
        authority: node.consoleAuthority,
        principals,
        cache: `/var/cache/ovirt-engine/${unit}`,
        node: programPath(view, 'node_modules/.bin/node'),
        shell: programPath(view, 'src/services/vmconsole-host/main.ts'),
      }),
    },
  ),
  unitFile(
    {
      id: 'node-vmconsole/unit',
      chapter: 'units',
      title: 'Installing the unit of the SSH server for serial consoles',
      quiet: true,
      notify: [unit],
    },
    {
      unit,
      command: ['/usr/sbin/sshd', '-D', '-e', '-f', configuration],
      environment: [],
      logFile: '',
      account: accounts.vmconsole,
    },
  ),
  running(
    {
      id: 'node-vmconsole/start',
      chapter: 'services.start',
      title: 'Starting the SSH server for serial consoles',
      quiet: true,
      needs: ['node-vmconsole/sshd_config', 'node-vmconsole/unit'],
    },
    { unit, remedy: message`Look into its log: journalctl --unit=${unit}` },
  ),
];

const health: HealthCheck = {
  name: 'vmconsole-host',
  limitMs: 60_000,
  remedy: message`Look into its log: journalctl --unit=${unit}`,
  probe: async (host) =>
    (await host.network.answersSsh({ host: '127.0.0.1', port: hostPort, timeoutMs: 2000 }))
      ? undefined
      : message`No SSH server answers at port ${hostPort}`,
};

export default plugin({
  name: 'node-vmconsole',
  steps: (view) => (isEnrolled(view) ? steps(view) : []),
  health: (view) => (isEnrolled(view) ? [health] : []),
});
