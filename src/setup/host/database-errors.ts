import { DatabaseUnavailable, SetupError, messageOf } from '../kit/errors.ts';
import { type Message, type Text, message, term } from '../kit/text.ts';
import type { DatabaseAddress } from '../kit/host.ts';
import { codeOf } from './errno.ts';

/** SQLSTATE and errno codes that say why a database could not be asked; all others are failures of what was asked. */
const whys = new Map<string, DatabaseUnavailable['why']>([
  ...[
    'ECONNREFUSED',
    'ENOENT',
    'ETIMEDOUT',
    'ECONNRESET',
    'EPIPE',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EHOSTDOWN',
    'ENOTFOUND',
    'EAI_AGAIN',
  ].map((code) => [code, 'down'] as const),
  ['57P01', 'down'], // admin_shutdown
  ['57P02', 'down'], // crash_shutdown
  ['57P03', 'down'], // cannot_connect_now: starting up, or being restarted
  ['28P01', 'denied'], // invalid_password
  ['28000', 'denied'], // invalid_authorization_specification: no such role, or no line for it in pg_hba.conf
  ['EPASSWORDLEAK', 'unsafe'], // Asked for the password itself, which was not told.
  ['3D000', 'no-database'], // invalid_catalog_name
]);

/** What Node says of a certificate that it does not accept. */
const untrusted = /^(?:ERR_TLS_CERT_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH$|INVALID_(?:CA|PURPOSE)$)/;

/** What was asked about is not there yet: undefined_table, undefined_column, invalid_schema_name. A check answers "to be created". */
const notYet = new Set(['42P01', '42703', '3F000']);

const says: Readonly<Record<DatabaseUnavailable['why'], Text>> = {
  down: 'does not answer',
  denied: 'refuses the user or the password',
  unsafe: 'is on a server that asks for the password in a way that would give it away; it has to ask by scram-sha-256',
  'no-database': 'does not exist',
  'no-table': 'lacks a table',
  'no-tls': 'is on a server without TLS',
  untrusted: 'is on a server whose certificate is not accepted',
};

const whereIs = ({ host, port, name, user }: DatabaseAddress): Message =>
  message`The database ${name} at ${host}:${port}, as user ${user},`;

/** SQLSTATE, if it was PostgreSQL that complained. */
export const sqlStateOf = (error: unknown): string | undefined =>
  error instanceof Error && 'severity' in error && /^[0-9A-Z]{5}$/.test(codeOf(error) ?? '') ? codeOf(error) : undefined;

/** `lost`: the connection broke, whatever the error says. */
export function connectionFailure(at: DatabaseAddress, error: unknown, lost: boolean): DatabaseUnavailable | undefined {
  const code = codeOf(error) ?? '';
  const why =
    whys.get(code) ?? (untrusted.test(code) ? 'untrusted' : undefined) ?? (lost && sqlStateOf(error) === undefined ? 'down' : undefined);
  if (why === undefined) return undefined;
  return new DatabaseUnavailable(why, message`${whereIs(at)} ${term(says[why])}${code === '' ? '' : ` (${code})`}`, code);
}

/** The server was asked for TLS, and has none. */
export const hasNoTls = (at: DatabaseAddress): DatabaseUnavailable =>
  new DatabaseUnavailable('no-tls', message`${whereIs(at)} ${term(says['no-tls'])}`);

/** The server answers, but it is a standby, or was made read-only. */
export const takesNoWrites = (at: DatabaseAddress): DatabaseUnavailable =>
  new DatabaseUnavailable('down', message`${whereIs(at)} takes no writes: its server is a standby, or read-only`);

/** All servers of a database as one failure. What one of them refuses counts, unless another is away that may let us in. */
export function allAway(failures: readonly DatabaseUnavailable[]): DatabaseUnavailable {
  const [first, ...others] = failures;
  if (first === undefined) throw new Error('a database without a server');
  if (others.length === 0) return first;
  const { why } = failures.find((failure) => failure.why === 'down') ?? first;
  return new DatabaseUnavailable(
    why,
    others.reduce((all, { text }) => message`${all}; ${term(text)}`, message`${term(first.text)}`),
  );
}

/**
 * What PostgreSQL says may quote what it was given: a value that does not parse, a piece of a statement with a mistake.
 * Values and literals may be secrets, so none of them is ever repeated.
 */
function withoutValues(state: string, message: string, secrets: readonly string[]): string {
  // Class 22 complains about data, 42601 about syntax: there, everything in quotes comes from the statement.
  const plain = state.startsWith('22') || state === '42601' ? message.replace(/".*"/s, '"..."') : message;
  return secrets
    .filter((secret) => secret.length > 0)
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => (secret.length < 4 ? text.replaceAll(`"${secret}"`, '"..."') : text.replaceAll(secret, '...')), plain);
}

/** Texts among the parameters, however deep. */
const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) return Object.values(value).flatMap(textsIn);
  return [];
};

const literalsIn = (text: string): readonly string[] =>
  [...text.matchAll(/'((?:[^']|'')*)'/g)].flatMap(([, inside = '']) => [inside, inside.replaceAll("''", "'")]);

/** A statement that failed. The error itself is not kept as the cause: its `detail` holds values. */
export function statementFailure(at: DatabaseAddress, error: unknown, text: string, values: readonly unknown[]): SetupError {
  const state = sqlStateOf(error);
  if (state !== undefined && notYet.has(state))
    return new DatabaseUnavailable('no-table', message`${whereIs(at)} ${term(says['no-table'])} (SQLSTATE ${state})`);
  const said = withoutValues(state ?? '', messageOf(error), [at.password, ...textsIn(values), ...literalsIn(text)]);
  return new SetupError('failed', message`${whereIs(at)} refused a statement: ${said}${state === undefined ? '' : ` (SQLSTATE ${state})`}`);
}
