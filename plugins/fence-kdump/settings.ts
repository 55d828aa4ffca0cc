import { type Stop, fact, port, readText, setting } from '#kit';
import { healthSocketOf, sandbox } from '../environment/settings.ts';
import { engineHere } from '../engine/settings.ts';

export const unit = 'ovirt-fence-kdump-listener';

export const paths = {
  main: `/etc/ovirt-engine/${unit}.conf`,
  configuration: `/etc/ovirt-engine/${unit}.conf.d/10-setup.conf`,
  log: `/var/log/ovirt-engine/${unit}.log`,
  healthSocket: healthSocketOf(unit),
} as const;

/** It has to stand still while the tables that it writes to are changed. */
export const stop: Stop = { unit, title: 'Stopping ovirt-fence-kdump-listener service' };

/** The port that the listener is configured for now. */
export const presentPort = fact(
  'present-fence-kdump-port',
  async (host) => /^LISTENER_PORT="(\d+)"$/m.exec((await readText(host, paths.configuration)) ?? '')?.[1],
);

export const listenerPort = setting({
  key: 'OVESETUP_CONFIG/fenceKdumpListenerPort',
  section: 'network',
  kind: port,
  about: 'UDP port on which hosts that crash tell that they are writing their dump (fence_kdump).',
  keep: true,
  when: engineHere,
  initial: (view) => (view.fact(sandbox) ? 17410 : 7410),
});
