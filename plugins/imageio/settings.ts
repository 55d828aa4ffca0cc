import { type View, fact, port, readText, setting, yesNo } from '#kit';
import { engineHere } from '../engine/settings.ts';
import { healthSocketOf, sandbox } from '../environment/settings.ts';

export const unit = 'ovirt-imageio';

export const paths = {
  main: `/etc/ovirt-engine/${unit}.conf`,
  folder: `/etc/ovirt-engine/${unit}.conf.d`,
  configuration: `/etc/ovirt-engine/${unit}.conf.d/10-setup.conf`,
  log: '/var/log/ovirt-engine/image-io.log',
  healthSocket: healthSocketOf(unit),
  /** Where tickets are put. */
  controlSocket: `/run/ovirt-engine/${unit}/control.sock`,
} as const;

export const imageioProxy = setting({
  key: 'OVESETUP_CONFIG/imageioProxyConfig',
  section: 'product',
  kind: yesNo,
  about: 'Installs the Image I/O proxy, through which browsers upload and download disk images. It stands beside the engine.',
  ask: { name: 'OVESETUP_CONFIG_IMAGEIO_PROXY', text: 'Configure Image I/O Proxy on this host' },
  preview: 'Configure Image I/O Proxy',
  keep: true,
  optional: true,
  remarks: (view) => (engineHere(view) ? [] : [{ level: 'info', text: 'Image I/O Proxy on a host without the engine is not supported' }]),
  when: engineHere,
  initial: true,
});

/** Whether the proxy is wanted here, beside the engine. */
export const imageioHere = (view: View): boolean => engineHere(view) && view.find(imageioProxy) === true;

/** The port that the proxy is configured for now; undefined where there is none. */
export const presentPort = fact(
  'present-imageio-port',
  async (host) => /^LISTEN_PORT="(\d+)"$/m.exec((await readText(host, paths.configuration)) ?? '')?.[1],
);

export const imageioPort = setting({
  key: 'OVESETUP_CONFIG/imageioProxyPort',
  section: 'network',
  kind: port,
  about: 'Port on which browsers and other clients reach the Image I/O proxy.',
  keep: true,
  when: imageioHere,
  initial: (view) => (view.fact(sandbox) ? 64_323 : 54_323),
});
