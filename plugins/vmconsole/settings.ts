import { type View, fact, readText, setting, yesNo } from '#kit';
import { engineHere } from '../engine/settings.ts';

export const unit = 'ovirt-vmconsole-proxy-sshd';

/** Where people come to with ssh. */
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
  remarks: (view) => (engineHere(view) ? [] : [{ level: 'info', text: 'VM Console Proxy on a host without the engine is not supported' }]),
  when: engineHere,
  initial: true,
});

/** Whether the proxy is a part of this installation. */
export const vmconsoleHere = (view: View): boolean => engineHere(view) && view.find(vmconsoleProxy) === true;

/** The port that the proxy is configured for now; undefined where there is none. */
export const presentPort = fact(
  'present-vmconsole-port',
  async (host) => /^Port (\d+)$/m.exec((await readText(host, paths.serverConfiguration)) ?? '')?.[1],
);
