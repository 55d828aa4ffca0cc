import { type Message, message } from '#kit';
import { type Network, addressOf, cidrOf, maskedOf } from './hba-addresses.ts';
import { type Field, type Line, type Word, linesOf } from './hba-words.ts';

/*
 * pg_hba.conf, as PostgreSQL 13 to 18 read it: who may connect to what, from where, and how they prove who they are. Reading it is pure;
 * files that it includes are fetched by `hba-files.ts`.
 */

export type RecordType = 'local' | 'host' | 'hostssl' | 'hostnossl' | 'hostgssenc' | 'hostnogssenc';

/** One name of a list. A word in quotes is always a plain name. */
export type Name =
  | { readonly kind: 'name' | 'regex' | 'group' | 'file'; readonly text: string }
  | { readonly kind: 'all' | 'sameuser' | 'samerole' | 'replication' };

export type HbaAddress =
  | { readonly kind: 'all' | 'samehost' | 'samenet' }
  | { readonly kind: 'network'; readonly network: Network }
  /** A host by its name; one that begins with a dot stands for all below it. */
  | { readonly kind: 'name'; readonly text: string };

/** A rule. */
export interface HbaRecord {
  readonly kind: 'record';
  readonly line: number;
  /** The file it stands in, where that is another one than the first. */
  readonly file?: string;
  readonly type: RecordType;
  readonly databases: readonly Name[];
  readonly users: readonly Name[];
  /** Of all types but `local`. */
  readonly address?: HbaAddress;
  readonly method: string;
  readonly options: ReadonlyMap<string, string>;
}

/** Rules that stand in another file, at this place. */
export interface HbaInclude {
  readonly kind: 'include';
  readonly line: number;
  readonly how: 'include' | 'include_if_exists' | 'include_dir';
  readonly path: string;
}

/** A line that PostgreSQL would refuse, and with it the whole file. */
export interface HbaFlaw {
  readonly kind: 'flaw';
  readonly line: number;
  readonly file?: string;
  readonly text: Message;
}

export type HbaEntry = HbaRecord | HbaInclude | HbaFlaw;

const types: ReadonlySet<string> = new Set(['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc']);
const includes: ReadonlySet<string> = new Set(['include', 'include_if_exists', 'include_dir']);
const methods: ReadonlySet<string> = new Set([
  ...['trust', 'reject', 'scram-sha-256', 'md5', 'password', 'gss', 'sspi', 'ident', 'peer'],
  ...['ldap', 'radius', 'cert', 'pam', 'bsd', 'oauth'],
]);

/** Thrown inside of this file alone: the line is no record. */
class Refused extends Error {
  readonly text: Message;
  constructor(text: Message) {
    super(text.id);
    this.text = text;
  }
}

/** The only word of a field. */
function single(field: Field | undefined, what: string): Word {
  const [word, ...others] = field ?? [];
  if (word === undefined) throw new Refused(message`the line ends before its ${what}`);
  if (others.length > 0) throw new Refused(message`several values stand where its ${what} is expected`);
  return word;
}

function nameOf({ text, quoted }: Word, keywords: Readonly<Record<string, 'all' | 'sameuser' | 'samerole' | 'replication'>>): Name {
  const keyword = quoted ? undefined : keywords[text];
  if (keyword !== undefined) return { kind: keyword };
  if (text.startsWith('/')) return { kind: 'regex', text: text.slice(1) };
  if (!quoted && text.startsWith('+')) return { kind: 'group', text: text.slice(1) };
  if (!quoted && text.startsWith('@') && text.length > 1) return { kind: 'file', text: text.slice(1) };
  return { kind: 'name', text };
}

const databaseWords = {
  all: 'all',
  sameuser: 'sameuser',
  samerole: 'samerole',
  samegroup: 'samerole',
  replication: 'replication',
} as const;

/** Names of databases, of a list in a file too. */
export const databaseName = (word: Word): Name => {
  const name = nameOf(word, databaseWords);
  // Databases have no members.
  return name.kind === 'group' ? { kind: 'name', text: word.text } : name;
};
/** The same of roles. */
export const userName = (word: Word): Name => nameOf(word, { all: 'all' });

/** Where a connection comes from, and how many fields say so. */
function addressIn(fields: readonly Field[]): { readonly address: HbaAddress; readonly used: 1 | 2 } {
  const { text, quoted } = single(fields[0], 'address');
  if (!quoted && (text === 'all' || text === 'samehost' || text === 'samenet')) return { address: { kind: text }, used: 1 };
  if (text.includes('/')) {
    const network = cidrOf(text);
    if (network === undefined) throw new Refused(message`${text} is no network`);
    return { address: { kind: 'network', network }, used: 1 };
  }
  if (addressOf(text) === undefined) return { address: { kind: 'name', text }, used: 1 };
  const mask = single(fields[1], 'mask').text;
  const network = maskedOf(text, mask);
  if (network === undefined) throw new Refused(message`${mask} is no mask for ${text}`);
  return { address: { kind: 'network', network }, used: 2 };
}

function optionsIn(fields: readonly Field[]): ReadonlyMap<string, string> {
  const words = fields.flat();
  const bad = words.find(({ text }) => !text.includes('='));
  if (bad !== undefined) throw new Refused(message`${bad.text} is no option in the form name=value`);
  return new Map(words.map(({ text }) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));
}

/** What does not go together. */
function clash(type: string, method: string): Message | undefined {
  if (!methods.has(method)) return message`${method} is no way to prove who one is`;
  if (method === 'peer' && type !== 'local') return message`peer is for local connections alone`;
  if (method === 'gss' && type === 'local') return message`gss is not for local connections`;
  if (method === 'cert' && type !== 'hostssl') return message`cert is for hostssl alone`;
  return undefined;
}

function recordOf({ number, fields: [first, databases, users, ...rest] }: Line): HbaRecord {
  const type = single(first, 'type').text;
  if (!types.has(type)) throw new Refused(message`${type} is no type of connection`);
  if (databases === undefined) throw new Refused(message`the line ends before its ${'database'}`);
  if (users === undefined) throw new Refused(message`the line ends before its ${'user'}`);
  const found = type === 'local' ? undefined : addressIn(rest);
  const [written, ...options] = rest.slice(found?.used ?? 0);
  const said = single(written, 'method').text;
  // The kernel knows who is at the other end of a local connection; no server has to be asked.
  const method = type === 'local' && said === 'ident' ? 'peer' : said;
  const wrong = clash(type, method);
  if (wrong !== undefined) throw new Refused(wrong);
  return {
    kind: 'record',
    line: number,
    type: type as RecordType,
    databases: databases.map(databaseName),
    users: users.map(userName),
    ...(found === undefined ? {} : { address: found.address }),
    method,
    options: optionsIn(options),
  };
}

function entryOf(line: Line): HbaEntry {
  const { number, fields } = line;
  const how = fields[0]?.[0]?.text ?? '';
  try {
    if (fields.length === 2 && includes.has(how))
      return { kind: 'include', line: number, how: how as HbaInclude['how'], path: single(fields[1], 'file').text };
    return recordOf(line);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: 'flaw', line: number, text: error.text };
  }
}

/** Reads the text of a pg_hba.conf: its records in their order, what it includes, and the lines that are wrong. */
export const parseHba = (text: string): readonly HbaEntry[] => linesOf(text).map(entryOf);
