import { type DatabaseAddress, type View, fact, port as portKind, readText, setting, text } from '#kit';
import { minimumLength } from '../../src/setup/pki/password-limits.ts';
import { sandbox } from '../environment/settings.ts';
import { httpsPort } from '../network/settings.ts';

export const paths = {
  home: '/var/lib/pgsql',
  data: '/var/lib/pgsql/data',
  /** Password of the server's administrator, for setup alone. */
  adminPassword: '/var/lib/pgsql/admin-password',
  engineConfiguration: '/etc/ovirt-engine/engine.conf.d/10-setup-database.conf',
} as const;
export const unit = 'postgresql';

/** Names that are used unquoted by many tools around PostgreSQL. */
const plainName = (value: string): string | undefined =>
  /^[a-z_][a-z0-9_]{0,62}$/.test(value)
    ? undefined
    : `"${value}" must begin with a small letter and hold only small letters, digits and underscores, at most 63`;

const longEnough = (value: string): string | undefined =>
  value.length < minimumLength ? `The database password is shorter than ${minimumLength} characters` : undefined;

/** One value of the engine's configuration as setup wrote it. */
const valueIn = (configuration: string, key: string): string | undefined =>
  new RegExp(`^${key}="((?:[^"\\\\]|\\\\.)*)"$`, 'm').exec(configuration)?.[1]?.replace(/\\(.)/g, '$1');

/** The way into the database that an earlier run has configured, and whether the cluster is still there. */
export const present = fact('database-present', async (host) => {
  const configuration = (await readText(host, paths.engineConfiguration)) ?? '';
  return {
    // The server's own word: it runs before the engine is configured.
    port: /^port = '(\d+)'$/m.exec((await readText(host, `${paths.data}/postgresql.conf`)) ?? '')?.[1],
    name: valueIn(configuration, 'ENGINE_DB_DATABASE'),
    user: valueIn(configuration, 'ENGINE_DB_USER'),
    password: valueIn(configuration, 'ENGINE_DB_PASSWORD'),
    adminPassword: (await readText(host, paths.adminPassword))?.trim(),
    cluster: (await readText(host, `${paths.data}/PG_VERSION`)) !== undefined,
  };
});

/** How to run PostgreSQL's programs here. */
export const programs = fact('postgres-programs', (host) => host.postgres());

export const host = setting({
  key: 'OVESETUP_DB/host',
  section: 'database',
  kind: text,
  about: 'Host of the engine database.',
  preview: 'Engine database host',
  initial: 'localhost',
  validate: (value) => (value === 'localhost' ? undefined : 'Only a database on this host (localhost) is supported by this version'),
});

export const port = setting({
  key: 'OVESETUP_DB/port',
  section: 'database',
  kind: portKind,
  about: 'Port of the engine database.',
  preview: 'Engine database port',
  keep: true,
  initial: (view) => (view.fact(sandbox) ? 15432 : 5432),
  validate: (value, view) => (value === view.get(httpsPort) ? `Port ${value} is wanted for HTTPS already` : undefined),
});

export const name = setting({
  key: 'OVESETUP_DB/database',
  section: 'database',
  kind: text,
  about: 'Name of the engine database.',
  preview: 'Engine database name',
  keep: true,
  // Another name would mean another, empty database beside the one that is in use.
  settled: (view) => view.fact(present).name,
  initial: 'engine',
  validate: plainName,
});

export const user = setting({
  key: 'OVESETUP_DB/user',
  section: 'database',
  kind: text,
  about: 'Role that owns the engine database.',
  preview: 'Engine database user name',
  keep: true,
  settled: (view) => view.fact(present).user,
  initial: 'engine',
  validate: plainName,
});

export const password = setting({
  key: 'OVESETUP_DB/password',
  section: 'database',
  kind: text,
  about: 'Password of the role that owns the engine database; made up where none is given.',
  secret: true,
  initial: (view, host) => view.fact(present).password ?? host.crypto.random(16).toString('base64url'),
  validate: longEnough,
});

export const adminPassword = setting({
  key: 'OVESETUP_PROVISIONING/postgresAdminPassword',
  section: 'database',
  kind: text,
  about: 'Password of the administrator of the PostgreSQL server in a sandbox; made up where none is given.',
  secret: true,
  initial: (view, host) => view.fact(present).adminPassword ?? host.crypto.random(16).toString('base64url'),
  validate: longEnough,
});

/** The engine's own way into its database. */
export const engineDatabase = (view: View): DatabaseAddress => ({
  host: view.get(host),
  port: view.get(port),
  name: view.get(name),
  user: view.get(user),
  password: view.get(password),
});

/** The administrator's way into the server. */
export const administration = (view: View): DatabaseAddress => ({
  ...engineDatabase(view),
  name: 'postgres',
  user: 'postgres',
  password: view.get(adminPassword),
});
