import { unseenNeeds } from './needs.ts';

/*
 * The one snippet that mends everything: commands for a shell on the host of the server, for whoever administers it. No line of it needs
 * its beginning to be at the left, so it can be pasted from a screen that indents it; the last one asks for the password.
 */

/** What has to be done on a server. */
export interface Mending {
  /** Settings, each with its value as it is written in postgresql.conf. */
  readonly settings?: readonly { readonly name: string; readonly value: string }[];
  /** The server could not be asked for its settings: they are changed where they are too small. */
  readonly unseen?: boolean;
  /** Nobody is let in from other hosts. */
  readonly listen?: boolean;
  readonly restart?: boolean;
  readonly createRole?: boolean;
  readonly createDatabase?: boolean;
  /** It holds nothing, and has the wrong encoding. */
  readonly replaceDatabase?: boolean;
  readonly giveDatabase?: boolean;
  readonly grantAll?: boolean;
  readonly createDatabases?: boolean;
  readonly setPassword?: boolean;
  /** Addresses that the role is let in from; hosts of this machine. */
  readonly letIn?: readonly string[];
}

/** Whom and what it is about. */
export interface Subject {
  readonly database: string;
  readonly user: string;
  readonly port: number;
  readonly tls: boolean;
  /** Debian's name of the cluster, '15/main'; empty where it is not known. */
  readonly cluster: string;
}

/** A name in SQL: as it is where that is enough. */
const inSql = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** A word for the shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const valueInSql = (value: string): string => (/^\d+(\.\d+)?$/.test(value) ? value : `"${value}"`);

/** Changes a setting only where its value is worse: one that somebody has made better stays. */
const onlyIf = (name: string, wanted: string, condition: string): string =>
  `SELECT $$ALTER SYSTEM SET ${name} = ${valueInSql(wanted)}$$ WHERE ${condition} \\gexec`;

function settingLines({ settings = [], unseen = false, listen = false }: Mending): readonly string[] {
  return [
    ...(listen ? [onlyIf('listen_addresses', '*', 'current_setting($$listen_addresses$$) IN ($$localhost$$, $$$$)')] : []),
    ...(unseen ? unseenNeeds().map(({ name, wanted, when }) => onlyIf(name, wanted, when)) : []),
    ...settings.map(({ name, value }) => `ALTER SYSTEM SET ${name} = ${valueInSql(value)};`),
  ];
}

function databaseLines(on: Mending, { database, user }: Subject): readonly string[] {
  const [name, role] = [inSql(database), inSql(user)];
  const create = `CREATE DATABASE ${name} OWNER ${role} TEMPLATE template0 ENCODING UTF8 LC_COLLATE "C" LC_CTYPE "C";`;
  const only = `REVOKE ALL ON DATABASE ${name} FROM PUBLIC;`;
  return [
    ...(on.createRole === true ? [`CREATE ROLE ${role} LOGIN;`] : []),
    ...(on.createDatabases === true ? [`ALTER ROLE ${role} CREATEDB;`] : []),
    ...(on.replaceDatabase === true ? [`DROP DATABASE ${name};`] : []),
    ...(on.createDatabase === true || on.replaceDatabase === true ? [create, only] : []),
    ...(on.giveDatabase === true && on.replaceDatabase !== true ? [`ALTER DATABASE ${name} OWNER TO ${role};`] : []),
    ...(on.grantAll === true
      ? [`GRANT ALL ON DATABASE ${name} TO ${role};`, `\\connect ${name}`, `GRANT ALL ON SCHEMA public TO ${role};`]
      : []),
  ];
}

/** A name in pg_hba.conf, where it is never a keyword in quotes. */
const inHba = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The lines of pg_hba.conf that let the role in. */
export const accessLines = (letIn: readonly string[], { database, user, tls }: Subject): readonly string[] =>
  letIn.map((address) => `${tls ? 'hostssl' : 'host'} ${inHba(database)} ${inHba(user)} ${address} scram-sha-256`);

/** How the server takes what has changed. Debian names its clusters; elsewhere there is one. */
function takeUp({ cluster }: Subject, { restart = false }: Mending): string {
  const unit = cluster === '' ? 'postgresql' : `postgresql@${cluster.replace('/', '-')}`;
  return `sudo systemctl ${restart ? 'restart' : 'reload'} ${unit}`;
}

/** The snippet, line by line; none where nothing has to be done. */
export function snippet(on: Mending, subject: Subject): readonly string[] {
  const psql = `sudo -u postgres psql${subject.port === 5432 ? '' : ` -p ${subject.port}`}`;
  const changes = settingLines(on);
  const statements = [...changes, ...databaseLines(on, subject)];
  const access = accessLines(on.letIn ?? [], subject).map((line) => ` -e ${quoted(`1i ${line}`)}`);
  // At the top: rules of others may let nobody in, or everybody, and the first that fits counts.
  const rules = access.length === 0 ? [] : [`sudo sed -i${access.join('')} "$(${psql} -Atc 'SHOW hba_file')"`];
  return [
    ...(statements.length === 0 ? [] : ["printf '%s\\n' \\", ...statements.map((statement) => `  ${quoted(statement)} \\`), `  | ${psql}`]),
    ...rules,
    ...(changes.length + rules.length === 0 ? [] : [takeUp(subject, on)]),
    ...(on.setPassword === true ? [`${psql} -c ${quoted(`\\password ${inSql(subject.user)}`)}`] : []),
  ];
}
