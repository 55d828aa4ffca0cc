import { type Network, addressOf, holds } from './hba-addresses.ts';
import type { HbaAddress, HbaRecord, Name, RecordType } from './hba.ts';

/** A connection that somebody wants to make. */
export interface Attempt {
  /** How it comes: through a socket of the host, or over the network, plain or encrypted. */
  readonly by: 'local' | 'plain' | 'ssl' | 'gss';
  /** undefined: it is a standby that wants to copy the whole server. */
  readonly database: string | undefined;
  readonly user: string;
  /** Of all but local ones. */
  readonly address?: string;
}

/** What cannot be read from the file. What is left out is not known. */
export interface Knowledge {
  /** Whether a role is a member of another one. */
  readonly isMember?: (user: string, group: string) => boolean;
  /** Networks that the server itself is in, for `samehost` and `samenet`. */
  readonly own?: { readonly samehost: readonly Network[]; readonly samenet: readonly Network[] };
}

export interface Decision {
  /** The record that counts; undefined: there is none, so nobody is let in. */
  readonly record: HbaRecord | undefined;
  /** Records before it of which it cannot be told whether they fit. */
  readonly doubtful: readonly HbaRecord[];
}

/** undefined: it cannot be told. */
type Answer = boolean | undefined;

const either = (answers: readonly Answer[]): Answer => (answers.includes(true) ? true : answers.includes(undefined) ? undefined : false);
const both = (answers: readonly Answer[]): Answer => (answers.includes(false) ? false : answers.includes(undefined) ? undefined : true);

/** The ways to come in that each type is about. */
const ways: Readonly<Record<RecordType, readonly Attempt['by'][]>> = {
  local: ['local'],
  host: ['plain', 'ssl', 'gss'],
  hostssl: ['ssl'],
  hostnossl: ['plain', 'gss'],
  hostgssenc: ['gss'],
  hostnogssenc: ['plain', 'ssl'],
};

/** Both kinds of expressions are alike for names that anybody gives a database; what JavaScript does not understand is not known. */
function matches(expression: string, text: string): Answer {
  try {
    return new RegExp(expression, 'u').test(text);
  } catch {
    return undefined;
  }
}

const memberOf = (user: string, group: string, { isMember }: Knowledge): Answer => (user === group ? true : isMember?.(user, group));

const databaseFits =
  ({ database, user }: Pick<Attempt, 'database' | 'user'>, known: Knowledge) =>
  (name: Name): Answer => {
    if (name.kind === 'file') return undefined;
    if (database === undefined) return name.kind === 'replication';
    switch (name.kind) {
      case 'all':
        return true;
      case 'sameuser':
        return database === user;
      case 'samerole':
        return memberOf(user, database, known);
      case 'regex':
        return matches(name.text, database);
      case 'name':
        return name.text === database;
      default:
        return false;
    }
  };

const userFits =
  (user: string, known: Knowledge) =>
  (name: Name): Answer => {
    switch (name.kind) {
      case 'all':
        return true;
      case 'group':
        return memberOf(user, name.text, known);
      case 'regex':
        return matches(name.text, user);
      case 'name':
        return name.text === user;
      case 'file':
        return undefined;
      default:
        return false;
    }
  };

function addressFits(record: HbaAddress, text: string | undefined, { own }: Knowledge): Answer {
  if (record.kind === 'all') return true;
  const from = text === undefined ? undefined : addressOf(text);
  // The server asks for the name of whoever comes; nobody here knows what it is told.
  if (record.kind === 'name' || from === undefined) return undefined;
  if (record.kind === 'network') return holds(record.network, from);
  return own?.[record.kind].some((network) => holds(network, from));
}

/** Whether a record is about a database and a user, wherever they come from. */
export const isAbout = (record: HbaRecord, who: Pick<Attempt, 'database' | 'user'>, known: Knowledge = {}): Answer =>
  both([either(record.databases.map(databaseFits(who, known))), either(record.users.map(userFits(who.user, known)))]);

const fits = (record: HbaRecord, attempt: Attempt, known: Knowledge): Answer => {
  if (!ways[record.type].includes(attempt.by)) return false;
  const place = record.address === undefined ? true : addressFits(record.address, attempt.address, known);
  return both([isAbout(record, attempt, known), place]);
};

/** Which record decides about a connection: the first that fits, whatever stands behind it. */
export function decide(records: readonly HbaRecord[], attempt: Attempt, known: Knowledge = {}): Decision {
  const doubtful: HbaRecord[] = [];
  for (const record of records) {
    const answer = fits(record, attempt, known);
    if (answer === true) return { record, doubtful };
    if (answer === undefined) doubtful.push(record);
  }
  return { record: undefined, doubtful };
}

/** Whether every connection that the second record is about has been decided by the first, as far as the way and the address go. */
function covers(first: HbaRecord, second: HbaRecord): boolean {
  if (!ways[second.type].every((way) => ways[first.type].includes(way))) return false;
  const [outer, inner] = [first.address, second.address];
  if (outer === undefined || outer.kind === 'all') return true;
  if (inner === undefined) return false;
  if (outer.kind === 'network') return inner.kind === 'network' && holds(outer.network, inner.network);
  return outer.kind === inner.kind && (outer.kind !== 'name' || (inner.kind === 'name' && outer.text === inner.text));
}

/**
 * Records that let a user into a database without any proof of who it is (`trust`), for at least some connections.
 * @returns also those of which it cannot be told whether they are about this user
 */
export function openDoors(
  records: readonly HbaRecord[],
  who: { readonly database: string; readonly user: string },
  known: Knowledge = {},
): readonly HbaRecord[] {
  const about = records.map((record) => ({ record, answer: isAbout(record, who, known) })).filter(({ answer }) => answer !== false);
  return about
    .filter(
      ({ record }, at) =>
        record.method === 'trust' && !about.slice(0, at).some((earlier) => earlier.answer === true && covers(earlier.record, record)),
    )
    .map(({ record }) => record);
}
