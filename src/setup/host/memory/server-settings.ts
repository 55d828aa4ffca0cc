import type { DatabaseAddress } from '../../kit/host.ts';
import type { Machine } from './machine.ts';

/* What a server in memory says of itself: its settings, and how a database is. */

type Row = Record<string, unknown>;

/** What an engine needs of a server: a good one says exactly this. */
const suitable: Readonly<Record<string, string>> = {
  server_encoding: 'UTF8',
  max_connections: '150',
  autovacuum_vacuum_scale_factor: '0.01',
  autovacuum_analyze_scale_factor: '0.075',
  autovacuum_max_workers: '6',
  maintenance_work_mem: '65536',
  work_mem: '8192',
  server_version_num: '150004',
};

/** What pg_settings tells of a server, of which somebody has changed some. */
export const settingRows = (changed: Readonly<Record<string, string>>): readonly Row[] =>
  Object.entries({ ...suitable, ...changed }).map(([name, setting]) => ({
    name,
    setting,
    unit: name.endsWith('_mem') ? 'kB' : null,
    context: name === 'max_connections' ? 'postmaster' : 'sighup',
  }));

/** An empty database of the role that looks at it. */
export const emptyAndOwned = ({ user, tls }: DatabaseAddress): Row => ({
  ...{ encoding: 'UTF8', collation: 'C', owner: user, user, owns: true, superuser: false, objects: 0, client: '192.0.2.10' },
  ...{ createsSchemas: true, createsTables: true, createsDatabases: true, encrypted: tls !== undefined },
});

/** The server of the distribution has smaller values where nobody has set others. */
export function lackingIn({ prefix }: Machine, configuration: string): Readonly<Record<string, string>> {
  if (prefix !== '') return {};
  const usual = { max_connections: '100', autovacuum_vacuum_scale_factor: '0.2', autovacuum_max_workers: '3', work_mem: '4096' };
  return Object.fromEntries(Object.entries(usual).filter(([name]) => !new RegExp(`^${name} = (?!100$)`, 'm').test(configuration)));
}
