import { type View, setting, yesNo } from '#kit';
import { engineHere } from '../engine/settings.ts';
import { healthSocketOf, isWholeHost } from '../environment/settings.ts';

/* Whether there is a data warehouse on this host. Settings of databases hang on it, and it on none of theirs. */

export const unit = 'ovirt-engine-dwhd';

const folder = '/etc/ovirt-engine-dwh';
export const paths = {
  folder,
  main: `${folder}/${unit}.conf`,
  fragments: `${folder}/${unit}.conf.d`,
  fragment: (name: string): string => `${folder}/${unit}.conf.d/${name}`,
  /** Who vouches for the engine's database, where that is on another host. */
  engineAuthority: `${folder}/engine-ca.pem`,
  /** What the engine is told of the history, where it is on another host. */
  example: `${folder}/examples/10-setup-dwh-database.conf`,
  examples: `${folder}/examples`,
  /** What the engine knows of the history. */
  engineFragment: '/etc/ovirt-engine/engine.conf.d/10-setup-dwh-database.conf',
  logs: '/var/log/ovirt-engine-dwh',
  log: `/var/log/ovirt-engine-dwh/${unit}.log`,
  healthSocket: healthSocketOf(unit),
} as const;

/** It works on the database of an engine: beside one, or on a host of its own. */
const canBeHere = (view: View): boolean => engineHere(view) || isWholeHost(view);

export const dwh = setting({
  key: 'OVESETUP_DWH_CORE/enable',
  section: 'product',
  kind: yesNo,
  about: 'Installs the data warehouse, which keeps the history of hosts and virtual machines.',
  ask: {
    name: 'OVESETUP_DWH_ENABLE',
    text: 'Configure Data Warehouse on this host',
    notes: (view) =>
      engineHere(view)
        ? [
            '',
            '* Please note * : Data Warehouse is required for the engine.',
            'If you choose to not configure it on this host, you have to configure',
            'it on a remote host, and then configure the engine on this host so',
            'that it can access the database of the remote Data Warehouse host.',
          ]
        : [],
  },
  preview: 'DWH installation',
  keep: true,
  optional: true,
  initial: (view) => canBeHere(view),
  validate: (value, view) => (!value || canBeHere(view) ? undefined : 'Below a root the Data Warehouse stands beside an engine'),
});

/** Whether the data warehouse is a part of this installation. */
export const dwhHere = (view: View): boolean => view.find(dwh) === true;

/** Whether it is, for an engine on another host. */
export const dwhAlone = (view: View): boolean => !engineHere(view) && dwhHere(view);
