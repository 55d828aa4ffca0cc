import { type Command, type Family, type System, familyOf } from '#kit';

/*
 * How distributions lay out their cluster of PostgreSQL: as data, so that everything else reads the same for each of them.
 */

export interface Layout {
  /** Major version of the server. */
  readonly version: string;
  /** What a cluster is called where a host may have several: '15/main'. */
  readonly name?: string;
  readonly unit: string;
  /** The package of the server. */
  readonly package: string;
  /** Where its configuration lies. */
  readonly configuration: string;
  readonly data: string;
  readonly programs: string;
  /** Where the server says why it does not start. */
  readonly log: string;
  /** Makes the cluster. */
  make(port: number): Command;
  /** Stops it and takes it away; without such a tool it is stopped, and its folders are removed. */
  readonly drop?: Command;
  /** What keeps its package from making a cluster of its own. */
  readonly noAutomatic?: { readonly path: string; readonly content: string };
  /** Makes it by hand, in a shell, where there is none: its package, and what that leaves to do. */
  readonly byHand: readonly string[];
  /** Whether postgresql.conf reads `conf.d` as it comes; it is told to otherwise. */
  readonly readsFolder: boolean;
  /** What the administrator wants new clusters to be like. */
  readonly createFile?: string;
}

const encoding = ['--locale=C.UTF-8', '--encoding=UTF8'] as const;

/** Configuration and data of each cluster lie below its version and its name (pg_createcluster(1)). */
function debian(version: string): Layout {
  const name = 'main';
  return {
    version,
    name: `${version}/${name}`,
    unit: `postgresql@${version}-${name}`,
    package: `postgresql-${version}`,
    configuration: `/etc/postgresql/${version}/${name}`,
    data: `/var/lib/postgresql/${version}/${name}`,
    programs: `/usr/lib/postgresql/${version}/bin`,
    log: `/var/log/postgresql/postgresql-${version}-${name}.log`,
    make: (port) => ({ argv: ['pg_createcluster', ...encoding, `--port=${port}`, version, name], timeoutMs: 120_000 }),
    drop: { argv: ['pg_dropcluster', '--stop', version, name] },
    noAutomatic: {
      path: '/etc/postgresql-common/createcluster.d/ovirt-engine.conf',
      content: '# Written by engine-setup, which makes the cluster that it needs.\ncreate_main_cluster = false\n',
    },
    byHand: [`sudo apt-get install postgresql-${version}`],
    readsFolder: true,
    createFile: '/etc/postgresql-common/createcluster.conf',
  };
}

/** That of EL 9: one cluster, with its configuration among its data. */
const enterpriseLinux: Layout = {
  version: '13',
  unit: 'postgresql',
  package: 'postgresql-server',
  configuration: '/var/lib/pgsql/data',
  data: '/var/lib/pgsql/data',
  programs: '/usr/bin',
  log: '/var/lib/pgsql/data/log',
  // The tool knows no port: that of postgresql.conf is 5432.
  make: () => ({ argv: ['env', `PGSETUP_INITDB_OPTIONS=${encoding.join(' ')}`, 'postgresql-setup', '--initdb'], timeoutMs: 120_000 }),
  byHand: ['sudo dnf install postgresql-server', 'sudo postgresql-setup --initdb', 'sudo systemctl enable --now postgresql'],
  readsFolder: false,
};

const layouts: Readonly<Record<Family, Layout>> = { debian: debian('15'), 'enterprise-linux': enterpriseLinux };

/** The layout of a distribution. */
export const layoutOf = (distribution: System['distribution']): Layout => layouts[familyOf(distribution)];
