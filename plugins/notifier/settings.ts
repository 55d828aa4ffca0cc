import { type Stop, type View, fact, setting, yesNo } from '#kit';
import { engineHere } from '../engine/settings.ts';
import { healthSocketOf } from '../environment/settings.ts';

export const unit = 'ovirt-engine-notifier';

const directory = '/etc/ovirt-engine/notifier';
export const paths = {
  main: `${directory}/notifier.conf`,
  directories: [directory, `${directory}/notifier.conf.d`],
  configuration: `${directory}/notifier.conf.d/10-setup.conf`,
  logs: '/var/log/ovirt-engine/notifier',
  log: '/var/log/ovirt-engine/notifier/notifier.log',
  healthSocket: healthSocketOf(unit),
} as const;

/** Whether somebody has switched it on: then it is kept running. */
export const enabled = fact('notifier-enabled', (host) => host.services.isEnabled(unit));

export const notifier = setting({
  key: 'OVESETUP_CONFIG/notifier',
  section: 'misc',
  kind: yesNo,
  about: 'Runs the notifier, which tells people of events by mail and SNMP traps. Whom and how says its own configuration.',
  // The host itself says whether it runs.
  remember: false,
  when: engineHere,
  initial: (view) => view.fact(enabled),
});

/** Whether it runs here, now or at the end of this run. */
export const runsHere = (view: View): boolean => view.find(notifier) === true || view.fact(enabled);

/** It has to stand still while the tables that it works on are changed. */
export const stop: Stop = { unit, title: 'Stopping ovirt-engine-notifier service' };
