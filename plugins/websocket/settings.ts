import { type View, fact, port, readText, setting, yesNo } from '#kit';
import { engineHere, postInstall } from '../engine/settings.ts';
import { healthSocketOf, sandbox } from '../environment/settings.ts';

export const unit = 'ovirt-websocket-proxy';

export const paths = {
  main: `/etc/ovirt-engine/${unit}.conf`,
  folder: `/etc/ovirt-engine/${unit}.conf.d`,
  configuration: `/etc/ovirt-engine/${unit}.conf.d/10-setup.conf`,
  log: '/var/log/ovirt-engine/websocket-proxy.log',
  healthSocket: healthSocketOf(unit),
} as const;

export const websocketProxy = setting({
  key: 'OVESETUP_CONFIG/websocketProxyConfig',
  section: 'product',
  kind: yesNo,
  about: 'Installs the WebSocket proxy, through which browsers show the consoles of virtual machines.',
  ask: { name: 'OVESETUP_CONFIG_WEBSOCKET_PROXY', text: 'Configure WebSocket Proxy on this host' },
  preview: 'Configure WebSocket Proxy',
  keep: true,
  optional: true,
  initial: true,
});

/** Whether the proxy is wanted here beside the engine. */
export const websocketHere = (view: View): boolean => engineHere(view) && view.find(websocketProxy) === true;

/** Whether it is wanted here for an engine on another host, which signs its certificate. */
export const websocketAlone = (view: View): boolean => !engineHere(view) && view.find(websocketProxy) === true;

/** The port that the proxy is configured for now; undefined where there is none. */
export const presentPort = fact(
  'present-websocket-port',
  async (host) => /^PROXY_PORT="(\d+)"$/m.exec((await readText(host, paths.configuration)) ?? '')?.[1],
);

export const websocketPort = setting({
  key: 'OVESETUP_CONFIG/websocketProxyPort',
  section: 'network',
  kind: port,
  about: 'Port on which browsers reach the WebSocket proxy.',
  keep: true,
  when: (view) => view.find(websocketProxy) === true,
  initial: (view) => (view.fact(sandbox) ? 16100 : 6100),
});

/** The name of the host when an earlier run came to its end: a run that was cut off in the middle of a change has not changed it. */
export const formerFqdn = fact(
  'former-fqdn',
  async (host) => /^OVESETUP_CONFIG\/fqdn=str:(.+)$/m.exec((await readText(host, postInstall)) ?? '')?.[1],
);
