import { type HostReader, readText } from '#kit';
import { adminPassword } from '../../src/setup/postgres/own-server.ts';

/* Where the server of a trial has what is its own. */

export const paths = {
  home: '/var/lib/pgsql',
  data: '/var/lib/pgsql/data',
  /** Where a new cluster is made, until it is whole. */
  fresh: '/var/lib/pgsql/data.new',
  /** The old cluster, from the moment a new one takes its place until the run has done everything else. */
  aside: '/var/lib/pgsql/data.old',
  /** The old cluster after that. */
  kept: (version: string): string => `/var/lib/pgsql/data-${version}`,
  /** What ALTER SYSTEM has changed; the server itself writes it. */
  overrides: '/var/lib/pgsql/data/postgresql.auto.conf',
  /** Password of the server's administrator, for setup alone. */
  adminPassword,
  engineConfiguration: '/etc/ovirt-engine/engine.conf.d/10-setup-database.conf',
} as const;
export const trialUnit = 'postgresql';

/** Major version of the cluster, wherever it lies just now; undefined where there is none. */
export async function trialVersion(host: HostReader): Promise<string | undefined> {
  const [aside, inPlace] = await Promise.all([paths.aside, paths.data].map((data) => readText(host, `${data}/PG_VERSION`)));
  return (aside ?? inPlace)?.trim();
}
