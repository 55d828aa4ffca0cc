import { type DatabaseAddress, type DatabaseUnavailable, type Family, type Problem, type Text, message } from '#kit';
import type { Condition } from './condition.ts';
import type { Mending } from './mend.ts';
import { misfitsAmong, oldestVersion } from './needs.ts';

/*
 * What is to be thought of a database: everything that differs from what is needed, and what mends it.
 */

/** What a database is wanted for. */
export interface Purpose {
  /** The newest version of its schema that this program knows. */
  readonly newest: string;
  /** Whether setup administers the server; otherwise the owner of the database has to do. */
  readonly ours: boolean;
}

export interface Judgement {
  readonly problems: readonly Problem[];
  readonly mending: Mending;
}

const error = (id: string, text: Text, remedy?: Text): Problem => ({
  id,
  level: 'error',
  message: text,
  ...(remedy === undefined ? {} : { remedy }),
});
const warning = (id: string, text: Text, remedy?: Text): Problem => ({ ...error(id, text, remedy), level: 'warning' });

/** Each judge looks at one thing, and is silent where that fits. */
type Judge = (found: Condition, on: Purpose) => Judgement | undefined;

const tooOld: Judge = ({ version, versionNumber }) =>
  versionNumber >= oldestVersion * 10_000
    ? undefined
    : {
        problems: [error('database-version', message`PostgreSQL ${version} is too old, needed is at least ${oldestVersion}`)],
        mending: {},
      };

const settings: Judge = (found) => {
  const all = misfitsAmong(found.settings).filter(({ name }) => name !== 'server_encoding');
  return {
    problems: all.map(({ text }) => error('database-settings', text)),
    mending: { settings: all.map(({ name, wanted }) => ({ name, value: wanted })), restart: all.some(({ restart }) => restart) },
  };
};

const encoding: Judge = (found) => {
  const misfit = misfitsAmong(found.settings).find(({ name }) => name === 'server_encoding');
  if (misfit === undefined) return undefined;
  const empty = found.objects === 0;
  const remedy = empty ? undefined : 'The encoding of a database cannot be changed: make another one, and bring over what is in this one.';
  return { problems: [error('database-encoding', misfit.text, remedy)], mending: { replaceDatabase: empty } };
};

const ownership: Judge = ({ owns, owner, user, createsSchemas, createsTables }) => {
  if (!owns)
    return {
      problems: [error('database-owner', message`The owner of the database is ${owner}, needed is ${user}`)],
      mending: { giveDatabase: true },
    };
  if (createsSchemas && createsTables) return undefined;
  return {
    problems: [
      error('database-privileges', message`The role ${user} may not create schemas in the database, or tables in its schema public`),
    ],
    mending: { grantAll: true },
  };
};

const contents: Judge = ({ objects, schema }, { newest }) => {
  if (schema !== undefined && schema > newest)
    return {
      problems: [
        error(
          'database-schema',
          message`Its schema has version ${schema}, newer than the ${newest} of this program`,
          'Use the version of engine-setup that made it, or a newer one.',
        ),
      ],
      mending: {},
    };
  if (schema !== undefined || objects === 0) return undefined;
  return {
    problems: [
      error(
        'database-not-empty',
        message`It is not empty: ${objects} tables, views or functions are in it`,
        'Make an empty database for this purpose.',
      ),
    ],
    mending: {},
  };
};

const rights: Judge = ({ user, superuser, createsDatabases }, { ours }) => {
  if (superuser)
    return {
      problems: [warning('database-superuser', message`The role ${user} is a superuser: it can do more than owning a database takes`)],
      mending: {},
    };
  if (ours || createsDatabases) return undefined;
  const text = message`The role ${user} may not create databases; the copy that is made before a later upgrade takes that`;
  return { problems: [warning('database-copies', text)], mending: { createDatabases: true } };
};

const passwords: Judge = ({ settings: rows }) => {
  const found = rows.find(({ name }) => name === 'password_encryption')?.setting ?? 'scram-sha-256';
  if (found === 'scram-sha-256') return undefined;
  return {
    problems: [warning('database-md5', message`password_encryption is ${found}: passwords are kept in a form that can be guessed fast`)],
    mending: { settings: [{ name: 'password_encryption', value: 'scram-sha-256' }], setPassword: true },
  };
};

const secrecy: Judge = ({ encrypted, client }) =>
  encrypted || client === null || client === '::1' || client.startsWith('127.')
    ? undefined
    : { problems: [warning('database-unencrypted', 'The connection goes over the network without TLS: others can read it')], mending: {} };

const judges: readonly Judge[] = [tooOld, encoding, settings, ownership, contents, rights, passwords, secrecy];

/** Puts together what several have found. */
export function together(all: readonly Judgement[]): Judgement {
  const mendings = all.map(({ mending }) => mending);
  const merged = Object.assign({}, ...mendings) as Mending;
  return {
    problems: all.flatMap(({ problems }) => problems),
    mending: {
      ...merged,
      settings: mendings.flatMap((one) => one.settings ?? []),
      restart: mendings.some(({ restart }) => restart === true),
    },
  };
}

/** Judges a database that could be looked at. */
export const judge = (found: Condition, on: Purpose): Judgement =>
  together(judges.map((one) => one(found, on)).filter((one) => one !== undefined));

const remedies: Readonly<Record<Exclude<DatabaseUnavailable['why'], 'untrusted'>, Text | undefined>> = {
  down: 'Does it run, does it listen on that address, and does a firewall stand between?',
  denied: undefined,
  unsafe:
    'Is it PostgreSQL that listens there? If so, let pg_hba.conf say scram-sha-256, and set the password anew while password_encryption is scram-sha-256.',
  'no-database': undefined,
  'no-table': undefined,
  'no-tls': 'Give it a certificate and a key (ssl_cert_file, ssl_key_file), and set ssl = on.',
};

/** Where each family of distributions takes in authorities that its hosts trust, and the program that takes them in. */
const trustStores: Readonly<Record<Family, { readonly folder: string; readonly program: string }>> = {
  debian: { folder: '/usr/local/share/ca-certificates', program: 'update-ca-certificates' },
  'enterprise-linux': { folder: '/etc/pki/ca-trust/source/anchors', program: 'update-ca-trust' },
};

/** How this host comes to trust a server. */
function trustRemedy(family: Family): Text {
  const { folder, program } = trustStores[family];
  return message`Its certificate has to fit the name that it is reached by. Bring that of the authority to this host as ${folder}/NAME.crt, and run ${program}.`;
}

const everything: Mending = { createRole: true, createDatabases: true, createDatabase: true, setPassword: true };

/** From where a database could not be looked at. */
export interface Standpoint {
  /** Addresses that the role has to be let in from. */
  readonly from: readonly string[];
  /** Whether its server was seen, through another database. */
  readonly seen: boolean;
  /** What this host is. */
  readonly family: Family;
}

/** Judges a database that could not be looked at. */
export function judgeFailure(failure: DatabaseUnavailable, at: DatabaseAddress, { from, seen, family }: Standpoint): Judgement {
  const { why } = failure;
  const remedy = why === 'untrusted' ? trustRemedy(family) : remedies[why];
  const listen = why === 'down' && at.host !== 'localhost';
  const mendings: Readonly<Record<DatabaseUnavailable['why'], Mending>> = {
    down: { ...everything, unseen: true, listen, restart: true, letIn: from },
    // Whoever is asked for a password (28P01) has been let in by a rule.
    denied: { ...everything, unseen: true, restart: true, ...(failure.state === '28P01' ? {} : { letIn: from }) },
    unsafe: { settings: [{ name: 'password_encryption', value: 'scram-sha-256' }], setPassword: true, letIn: from },
    'no-database': { createDatabase: true, ...(seen ? {} : { unseen: true, restart: true }) },
    'no-table': {},
    // What it lacks is a file, which no snippet can bring.
    'no-tls': {},
    untrusted: {},
  };
  return { problems: [error(`database-${why}`, failure.text, remedy)], mending: mendings[why] };
}
