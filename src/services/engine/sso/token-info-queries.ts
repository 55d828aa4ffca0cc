import type { Database } from '../../frame/database.ts';
import { type Fields, one } from '../http/fields.ts';
import { type Search, searchable } from './directory-search.ts';
import { findGroups, findUsers, type GroupDepth } from './directory.ts';
import { OAuthError } from './oauth-error.ts';
import { internal } from './principals.ts';
import type { Sessions } from './sessions.ts';
import { list, map, type Typed, untyped } from './typed.ts';

export interface QueryParts {
  readonly database: Database;
  readonly sessions: Sessions;
}

/** What a query may be told: single texts, lists of them, and yes or no. */
type Parameters = Readonly<Record<string, unknown>>;

interface Query {
  /** Whether a client may ask it without a token of a user. */
  readonly open: boolean;
  readonly answer: (parameters: Parameters, parts: QueryParts) => Promise<Typed>;
}

const queries: Readonly<Record<string, Query>> = {
  'profile-list': {
    open: true,
    answer: async () => list([map({ authn_name: internal.profile, authz_name: internal.authz, capability_password_auth: true })]),
  },
  'session-statuses': {
    open: true,
    answer: async (parameters, { sessions }) => {
      const tokens = texts(parameters['tokens']).slice(0, 100);
      const live = await sessions.liveTokens(tokens);
      return map(Object.fromEntries(tokens.map((token) => [token, live.has(token)])));
    },
  },
  'find-login-on-behalf-principal-by-id': { open: true, answer: usersByIds },
  'domain-list': { open: false, answer: async () => list([internal.authz]) },
  'available-namespaces': { open: false, answer: async () => map({ [internal.authz]: list(['*']) }) },
  'fetch-principal-record': {
    open: false,
    answer: (parameters, { database }) => users(parameters, database, { name: text(parameters['principal']) }),
  },
  'find-principal-by-id': { open: false, answer: usersByIds },
  'find-principals-by-ids': { open: false, answer: usersByIds },
  'find-directory-group-by-id': {
    open: false,
    answer: (parameters, { database }) => groups(parameters, database, { ids: ids(parameters) }),
  },
  users: { open: false, answer: (parameters, { database }) => users(parameters, database, searchOf(text(parameters['query']))) },
  groups: { open: false, answer: (parameters, { database }) => groups(parameters, database, searchOf(text(parameters['query']))) },
};

/** Answers a query of the directory. Throws an OAuthError for one that is not known, or not without a token of a user. */
export async function answerQuery(type: string, fields: Fields, withToken: boolean, parts: QueryParts): Promise<object> {
  const query = Object.hasOwn(queries, type) ? queries[type] : undefined;
  if (query === undefined) throw new OAuthError('invalid_request', 'This query_type is not known.');
  if (!query.open && !withToken)
    throw new OAuthError('invalid_scope', 'This query_type needs the scope ovirt-ext=token-info:authz-search.');
  return { result: await query.answer(parametersOf(fields), parts) };
}

function usersByIds(parameters: Parameters, { database }: QueryParts): Promise<Typed> {
  return users(parameters, database, { ids: ids(parameters) });
}

async function users(parameters: Parameters, database: Database, search: Search): Promise<Typed> {
  if (!isHere(parameters)) return list([]);
  const yes = (name: string): boolean => /^(true|1)$/i.test(String(parameters[name]));
  const depth: GroupDepth = yes('groups_resolving_recursive') ? 'nested' : yes('groups_resolving') ? 'direct' : 'none';
  return list(await findUsers(database, search, depth));
}

async function groups(parameters: Parameters, database: Database, search: Search): Promise<Typed> {
  return list(isHere(parameters) ? await findGroups(database, search) : []);
}

/** Whether a query is about the one directory there is. */
const isHere = (parameters: Parameters): boolean =>
  [internal.authz, ''].includes(text(parameters['domain'] ?? parameters['authz'])) && ['*', ''].includes(text(parameters['namespace']));

const ids = (parameters: Parameters): readonly string[] =>
  [...texts(parameters['ids']), ...texts(parameters['id'])].filter((id) => id !== '').slice(0, 1000);

/** Upstream's words for attributes, where they differ from ours. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ['usrname', 'name'],
  ['allnames', 'any'],
  ['lastname', 'lastName'],
  ['firstname', 'firstName'],
]);

/** Reads `name=adm*`, `allnames=adm*`, or a bare pattern. */
export function searchOf(query: string): Search {
  const match = /^\s*(\w+)\s*=\s*"?([^"]*?)"?\s*$/.exec(query);
  if (match === null) return { pattern: query.trim() === '' ? '*' : query.trim(), field: 'any' };
  const word = match[1] ?? '';
  const field = otherWords.get(word) ?? word;
  const known = field === 'any' || searchable.some((one) => one === field);
  if (!known) throw new OAuthError('invalid_request', 'The query names an attribute that cannot be searched for.');
  return { pattern: match[2] ?? '', field };
}

/** Parameters as fields of their own, or as upstream sends them: all in one field `params`, as JSON with names of types. */
function parametersOf(fields: Fields): Parameters {
  const plain = Object.fromEntries([...fields.keys()].map((name) => [name, one(fields, name)]));
  const params = one(fields, 'params');
  if (params === null) return plain;
  try {
    const value = untyped(JSON.parse(params));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...plain, ...value };
  } catch {
    // Told below, as everything that cannot be understood.
  }
  throw new OAuthError('invalid_request', 'The parameter params is not a map in JSON.');
}

const text = (value: unknown): string => (typeof value === 'string' && !value.includes('\0') ? value.slice(0, 1000) : '');
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value)
    ? value.map(text)
    : text(value)
        .split(/[ ,]+/)
        .filter((each) => each !== '');
