import { isIPv6 } from 'node:net';
import {
  type DatabaseAddress,
  DatabaseUnavailable,
  type HostReader,
  type Message,
  type Problem,
  type Text,
  familyOf,
  message,
  term,
} from '#kit';
import { judgeAccess } from './access.ts';
import { type Condition, conditionOf } from './condition.ts';
import { type Judgement, type Purpose, judge, judgeFailure, together } from './judge.ts';
import { snippet } from './mend.ts';
import { serversOf } from './servers.ts';

/** A database that was looked at as a whole. */
export interface Examination {
  /** What could be seen; undefined: nothing. */
  readonly condition: Condition | undefined;
  /** Why its owner does not get into it. */
  readonly failure: DatabaseUnavailable | undefined;
  readonly problems: readonly Problem[];
  /** What mends all of it: lines for a shell on the host of the server. */
  readonly snippet: readonly string[];
}

type Reader = Pick<HostReader, 'database' | 'network' | 'system'>;

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/** Addresses that the server sees us come from, for its access rules. */
async function from({ network }: Reader, { host }: DatabaseAddress): Promise<readonly string[]> {
  if (host === 'localhost' || isLoopback(host)) return ['127.0.0.1/32', '::1/128'];
  const own = (await network.addresses()).filter((address) => !isLoopback(address) && !/^fe80:/i.test(address));
  return own.map((address) => `${address}/${isIPv6(address) ? 128 : 32}`);
}

async function lookAt(reader: Reader, at: DatabaseAddress, whole: boolean): Promise<Condition | DatabaseUnavailable> {
  try {
    return await reader.database.look(at, (sql) => conditionOf(sql, whole));
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return error;
    throw error;
  }
}

/** Where the database cannot be entered, its server may still tell of itself in the one that every server has. */
async function judgeUnseen(
  reader: Reader,
  at: DatabaseAddress,
  failure: DatabaseUnavailable,
  on: Purpose,
): Promise<{ readonly server: Condition | undefined; readonly judgement: Judgement }> {
  const other = failure.why === 'no-database' ? await lookAt(reader, { ...at, name: 'postgres' }, false) : failure;
  const server = other instanceof DatabaseUnavailable ? undefined : other;
  const family = familyOf((await reader.system()).distribution);
  const missing = judgeFailure(failure, at, { from: await from(reader, at), seen: server !== undefined, family });
  if (server === undefined) return { server, judgement: missing };
  // Of that other database nothing counts but what belongs to its server.
  const settings = server.settings.filter(({ name }) => name !== 'server_encoding');
  const there: Condition = { ...server, settings, objects: 0, owns: true, createsSchemas: true, createsTables: true };
  return { server, judgement: together([missing, judge(there, on)]) };
}

async function accessProblems(reader: Reader, admin: DatabaseAddress | undefined, at: DatabaseAddress): Promise<readonly Problem[]> {
  if (admin === undefined) return [];
  try {
    return await judgeAccess(reader, admin, at);
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return [];
    throw error;
  }
}

/**
 * Looks at a database and its server, and judges everything at once.
 * @param on.admin the way in of its administrator, where there is one: they see who else gets in
 */
export async function examine(
  reader: Reader,
  at: DatabaseAddress,
  on: Purpose & { readonly admin?: DatabaseAddress | undefined },
): Promise<Examination> {
  const seen = await lookAt(reader, at, true);
  const failure = seen instanceof DatabaseUnavailable ? seen : undefined;
  const { server, judgement } =
    seen instanceof DatabaseUnavailable ? await judgeUnseen(reader, at, seen, on) : { server: seen, judgement: judge(seen, on) };
  const { problems, mending } = judgement;
  const port = serversOf(at)[0]?.port ?? at.port;
  const subject = { database: at.name, user: at.user, port, tls: at.tls !== undefined, cluster: server?.cluster ?? '' };
  return {
    condition: server,
    failure,
    problems: [...problems, ...(await accessProblems(reader, on.admin, at))],
    snippet: snippet(mending, subject),
  };
}

/** Whether anything keeps the database from being used. */
export const isFit = ({ problems }: Pick<Examination, 'problems'>): boolean => problems.every(({ level }) => level !== 'error');

/** Texts as one, each on a line of its own behind the first. */
export const inLines = (first: Text, others: readonly Text[]): Text =>
  others.reduce<Message>((all, one) => message`${all}\n${term(one)}`, term(first));

/** How the snippet is introduced. */
export const mendingTitle: Text = 'Whoever administers that server mends it with this, in a shell on its host:';
