import { type View, fact, port, readText, setting, yesNo } from '#kit';
import { engineHere } from '../engine/settings.ts';
import { accounts, isWholeHost, sandbox } from '../environment/settings.ts';
import { trialServer } from './trial.ts';

export const unit = 'ovirt-vmconsole-proxy-sshd';

/** Where people come to with ssh on a host. */
export const proxyPort = 2222;

const home = '/etc/ovirt-vmconsole/ovirt-vmconsole-proxy';
const keys = '/etc/pki/ovirt-vmconsole';
const helper = '/etc/ovirt-engine/ovirt-vmconsole-proxy-helper.conf';

export const paths = {
  /** Folders from the top one down. */
  folders: ['/etc/ovirt-vmconsole', home, `${home}/sshd_config.d`, `${helper}.d`, keys],
  /** Home of the account, in which there is nothing. */
  homes: ['/usr/share/ovirt-vmconsole', '/usr/share/ovirt-vmconsole/empty'],
  main: helper,
  configuration: `${helper}.d/10-setup.conf`,
  serverConfiguration: `${home}/sshd_config`,
  dropIns: `${home}/sshd_config.d`,
  knownHosts: `${home}/known_hosts`,
  authority: `${keys}/ca.pub`,
  /** The key by which the proxy is known, and that with which it comes to hosts. */
  hostKey: `${keys}/proxy-ssh_host_rsa`,
  userKey: `${keys}/proxy-ssh_user_rsa`,
  certificateOf: (key: string): string => `${key}-cert.pub`,
} as const;

/** The account that people come to, and that everything runs as. */
export const accountOf = (view: View): string => (isWholeHost(view) ? accounts.vmconsole : (view.fact(trialServer)?.account ?? ''));

/** Whether there can be a proxy here at all. */
const canBeHere = (view: View): boolean => engineHere(view) && (isWholeHost(view) || view.fact(trialServer)?.obstacle === undefined);

export const vmconsoleProxy = setting({
  key: 'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig',
  section: 'product',
  kind: yesNo,
  about:
    'Installs the VM console proxy, through which people reach serial consoles of virtual machines with ssh. It stands beside the engine.',
  ask: { name: 'OVESETUP_CONFIG_VMCONSOLE_PROXY', text: 'Configure VM Console Proxy on this host' },
  preview: 'Configure VMConsole Proxy',
  keep: true,
  optional: true,
  remarks(view) {
    if (!engineHere(view)) return [{ level: 'info', text: 'VM Console Proxy on a host without the engine is not supported' }];
    const obstacle = view.fact(trialServer)?.obstacle;
    return obstacle === undefined ? [] : [{ level: 'info', text: obstacle }];
  },
  when: canBeHere,
  initial: true,
});

/** Whether the proxy is a part of this installation. */
export const vmconsoleHere = (view: View): boolean => engineHere(view) && view.find(vmconsoleProxy) === true;

/** The port that the proxy is configured for now; undefined where there is none. */
export const presentPort = fact(
  'present-vmconsole-port',
  async (host) => /^Port (\d+)$/m.exec((await readText(host, paths.serverConfiguration)) ?? '')?.[1],
);

export const trialPort = setting({
  key: 'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyTrialPort',
  section: 'network',
  kind: port,
  about: 'Port of a trial on which people reach serial consoles with ssh; 2222 on a host.',
  keep: true,
  when: (view) => view.fact(sandbox) && vmconsoleHere(view),
  initial: 12_222,
});

/** The port of this installation. */
export const portOf = (view: View): number => (isWholeHost(view) ? proxyPort : view.get(trialPort));
