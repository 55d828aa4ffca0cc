import { type DatabaseAddress, type View, fact, port as portKind, readText, setting, text } from '#kit';
import { minimumLength } from '../../src/setup/pki/password-limits.ts';
import { sandbox } from '../environment/settings.ts';

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

/** The passwords of an earlier run, from the files it wrote. */
export const knownPasswords = fact('database-passwords', async (host) => {
  const configuration = (await readText(host, paths.engineConfiguration)) ?? '';
  const quoted = /^ENGINE_DB_PASSWORD="((?:[^"\\]|\\.)*)"$/m.exec(configuration)?.[1];
  return { engine: quoted?.replace(/\\(.)/g, '$1'), admin: (await readText(host, paths.adminPassword))?.trim() };
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
});

export const name = setting({
  key: 'OVESETUP_DB/database',
  section: 'database',
  kind: text,
  about: 'Name of the engine database.',
  preview: 'Engine database name',
  keep: true,
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
  initial: 'engine',
  validate: plainName,
});

export const password = setting({
  key: 'OVESETUP_DB/password',
  section: 'database',
  kind: text,
  about: 'Password of the role that owns the engine database; made up where none is given.',
  secret: true,
  initial: (view, host) => view.fact(knownPasswords).engine ?? host.crypto.random(16).toString('base64url'),
  validate: longEnough,
});

export const adminPassword = setting({
  key: 'OVESETUP_PROVISIONING/postgresAdminPassword',
  section: 'database',
  kind: text,
  about: 'Password of the administrator of the PostgreSQL server in a sandbox; made up where none is given.',
  secret: true,
  initial: (view, host) => view.fact(knownPasswords).admin ?? host.crypto.random(16).toString('base64url'),
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
