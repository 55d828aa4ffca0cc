import { type HealthCheck, type Step, type Text, type View, message, plugin } from '#kit';
import { absent, directories, retired, running, unitFile, unitPath, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { accounts, isWholeHost, programPath, realPath, sandbox } from '../environment/settings.ts';
import { fqdn, httpsPort, takenPort } from '../network/settings.ts';
import { paths as pki, trusted } from '../pki/settings.ts';
import { keysAndCertificates } from './keys-and-certificates.ts';
import { accountOf, paths, portOf, presentPort, trialPort, unit, vmconsoleHere, vmconsoleProxy } from './settings.ts';
import { server, trialServer } from './trial.ts';

const source = 'src/services/vmconsole-proxy';
const node = (view: View): string => programPath(view, 'node_modules/.bin/node');
const keysProgram = (view: View): string => programPath(view, `${source}/keys/main.ts`);

/** Where its programs keep what they are compiled to. */
const cache = (view: View): string => realPath(view, `/var/cache/ovirt-engine/${isWholeHost(view) ? unit : 'compile'}`);

/** Where its log is: on a host in the journal. */
const log = '/var/log/ovirt-engine/vmconsole-proxy.log';
const remedy = (view: View): Text =>
  isWholeHost(view) ? message`Look into its log: journalctl --unit=${unit}` : message`Look into ${realPath(view, log)}`;

const configuration = (view: View): readonly Step[] => [
  directories(
    {
      id: 'vmconsole/directories',
      chapter: 'vmconsole',
      title: 'Creating directories of the VM console proxy',
      quiet: true,
      needs: ['environment/directories', 'pki/directories'],
    },
    [...paths.folders, ...(isWholeHost(view) ? paths.homes : [])].map((path) => ({ path, mode: 0o755 })),
  ),
  writeFile(
    {
      id: 'vmconsole/10-setup.conf',
      chapter: 'vmconsole',
      title: 'Setting up ovirt-vmconsole proxy helper PKI artifacts',
      needs: ['vmconsole/directories', 'pki/vmconsole-proxy-helper'],
    },
    {
      path: paths.configuration,
      content: render('vmconsole/10-setup.conf', {
        engine: `https://${view.get(fqdn)}:${view.get(httpsPort)}/ovirt-engine/`,
        authority: realPath(view, trusted(view)),
        certificate: realPath(view, pki.certificate('vmconsole-proxy-helper')),
        key: realPath(view, pki.key('vmconsole-proxy-helper')),
        userKey: realPath(view, paths.userKey),
        userCertificate: realPath(view, paths.certificateOf(paths.userKey)),
        knownHosts: realPath(view, paths.knownHosts),
      }),
    },
  ),
  ...keysAndCertificates(view),
  writeFile(
    {
      id: 'vmconsole/sshd_config',
      chapter: 'vmconsole',
      title: 'Configuring the VM console proxy',
      quiet: true,
      needs: ['vmconsole/certificates'],
      notify: [unit],
      // Consoles are cut at the beginning, when people have been told so, and not at some moment of the work.
      stops: [{ unit, title: 'Stopping vmconsole-proxy service' }],
    },
    {
      path: paths.serverConfiguration,
      content: render('vmconsole/proxy-sshd_config', {
        trial: view.fact(sandbox),
        port: portOf(view),
        hostKey: realPath(view, paths.hostKey),
        hostCertificate: realPath(view, paths.certificateOf(paths.hostKey)),
        dropIns: realPath(view, paths.dropIns),
        account: accountOf(view),
        env: '/usr/bin/env',
        cache: cache(view),
        node: node(view),
        keys: keysProgram(view),
        configuration: realPath(view, paths.main),
      }),
    },
  ),
];

const service = (view: View): readonly Step[] => [
  unitFile(
    { id: 'vmconsole/unit', chapter: 'units', title: 'Installing the unit of the VM console proxy', quiet: true, notify: [unit] },
    {
      unit,
      command: [server, '-D', '-e', '-f', realPath(view, paths.serverConfiguration)],
      program: keysProgram(view),
      environment: [],
      logFile: realPath(view, log),
      ...(isWholeHost(view) ? { account: accounts.vmconsole } : {}),
    },
  ),
  running(
    {
      id: 'vmconsole/start',
      chapter: 'vmconsole.start',
      title: 'Restarting ovirt-vmconsole proxy service',
      needs: ['vmconsole/sshd_config', 'vmconsole/unit'],
    },
    { unit, remedy: remedy(view), restarts: true },
  ),
];

/** What is done about a proxy that was declined after it had been installed. Its keys and certificates stay, as the PKI keeps all of them. */
const farewell: readonly Step[] = [
  retired({ id: 'vmconsole/retire', chapter: 'units', title: 'Stopping the VM console proxy for good', quiet: true }, unit),
  // The configuration goes last: by it a run that takes up an interrupted one knows that there is something to do.
  absent({ id: 'vmconsole/remove', chapter: 'units', title: 'Removing the VM console proxy', quiet: true }, [
    unitPath(unit),
    paths.configuration,
    paths.serverConfiguration,
  ]),
];

/** The server is there, and what it asks the engine with is good. */
const health = (view: View): HealthCheck => ({
  name: 'vmconsole-proxy',
  limitMs: 60_000,
  remedy: remedy(view),
  async probe(host) {
    const port = portOf(view);
    if (!(await host.network.answersSsh({ host: '127.0.0.1', port, timeoutMs: 2000 })))
      return message`No SSH server answers at port ${port}`;
    const asking = [node(view), keysProgram(view), `--config=${realPath(view, paths.main)}`, '--check'] as const;
    // In a trial it is ourselves.
    const argv = isWholeHost(view) ? (['runuser', '-u', accounts.vmconsole, '--', ...asking] as const) : asking;
    const { code, stderr } = await host.query({ argv, timeoutMs: 20_000 });
    return code === 0 ? undefined : message`The engine cannot be asked whose keys are shown: ${stderr.trim()}`;
  },
});

export default plugin({
  name: 'vmconsole',
  facts: [presentPort, trialServer],
  settings: [vmconsoleProxy, trialPort],
  async preflight(view, host) {
    if (!vmconsoleHere(view)) return [];
    const key = isWholeHost(view) ? {} : { key: trialPort.key };
    const wanted = { id: 'vmconsole-port', port: portOf(view), purpose: 'the VM console proxy', ...key };
    const taken = await takenPort(host, wanted, { unit, port: view.fact(presentPort) });
    return taken === undefined ? [] : [taken];
  },
  steps(view) {
    if (vmconsoleHere(view)) return [...configuration(view), ...service(view)];
    return view.fact(presentPort) === undefined ? [] : farewell;
  },
  health: (view) => (vmconsoleHere(view) ? [health(view)] : []),
});
