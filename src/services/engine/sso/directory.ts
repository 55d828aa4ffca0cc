import type { Database } from '../../frame/database.ts';
import { groupKeys, principalKeys } from './record-keys.ts';
import { list, record, type Typed } from './typed.ts';

/** A group as the directory knows it. */
interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | null;
}

interface PrincipalRow {
  readonly key: number;
  readonly id: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>> | null;
}

/** How far the groups of somebody are followed. */
export type GroupDepth = 'none' | 'direct' | 'nested';

export type Search = { readonly ids: readonly string[] } | { readonly name: string } | { readonly pattern: string; readonly field: string };

/** Attributes that a search may look at. */
export const searchable = ['name', 'displayName', 'email', 'firstName', 'lastName', 'department', 'title'] as const;

const attributesOf = (table: 'user' | 'group', owner: string): string =>
  `(select json_object_agg(a.name, a.value) from aaa_jdbc.${table}_attributes a where a.${table}_id = ${owner}.id)`;
const mostSql = `(select greatest(value::integer, 1) from aaa_jdbc.settings where name = 'MAX_PAGE_SIZE')`;

const groupRow = ({ id, name, displayName }: GroupRow): Typed =>
  record({
    [groupKeys.namespace]: '*',
    [groupKeys.id]: id,
    [groupKeys.name]: name,
    ...(displayName === null ? {} : { [groupKeys.displayName]: displayName }),
    [groupKeys.groups]: list([]),
  });

const groupColumns = `g.uuid::text as id, g.name, ${attributesOf('group', 'g')} ->> 'displayName' as "displayName"`;

/** The groups of an account, as records. */
export async function groupsOf(database: Database, accountId: string, depth: GroupDepth): Promise<readonly Typed[]> {
  if (depth === 'none') return [];
  const rows = await database.query<GroupRow>(
    `select ${groupColumns} from aaa_jdbc.users u, aaa_jdbc.groups_of_user(u.id, $2) as found (id)
       join aaa_jdbc.groups g on g.id = found.id
     where u.uuid::text = $1 order by g.name`,
    [accountId, depth === 'nested'],
  );
  return rows.map(groupRow);
}

/** Users as records. A pattern may end with `*` and is compared without regard to case. */
export async function findUsers(database: Database, search: Search, depth: GroupDepth): Promise<readonly Typed[]> {
  const { condition, values } = conditionOf(search, 'user', 'u');
  const rows = await database.query<PrincipalRow>(
    `select u.id as key, u.uuid::text as id, u.name, ${attributesOf('user', 'u')} as attributes
     from aaa_jdbc.users u where ${condition} order by u.name limit ${mostSql}`,
    values,
  );
  return Promise.all(
    rows.map(async ({ id, name, attributes }) => {
      const entries: Record<string, unknown> = {
        [principalKeys.namespace]: '*',
        [principalKeys.id]: id,
        [principalKeys.name]: name,
        [principalKeys.groups]: list(await groupsOf(database, id, depth)),
      };
      for (const attribute of ['displayName', 'email', 'firstName', 'lastName', 'department', 'title'] as const) {
        const value = attributes?.[attribute];
        if (value !== undefined) entries[principalKeys[attribute]] = value;
      }
      return record(entries);
    }),
  );
}

/** Groups as records. */
export async function findGroups(database: Database, search: Search): Promise<readonly Typed[]> {
  const { condition, values } = conditionOf(search, 'group', 'g');
  const rows = await database.query<GroupRow>(
    `select ${groupColumns} from aaa_jdbc.groups g where ${condition} order by g.name limit ${mostSql}`,
    values,
  );
  return rows.map(groupRow);
}

function conditionOf(search: Search, table: 'user' | 'group', owner: string): { condition: string; values: readonly unknown[] } {
  if ('ids' in search) return { condition: `${owner}.uuid::text = any($1)`, values: [search.ids] };
  if ('name' in search) return { condition: `${owner}.name = $1`, values: [search.name] };
  const like = search.pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
  const inAttribute = `exists (select from aaa_jdbc.${table}_attributes a where a.${table}_id = ${owner}.id and a.name = $2 and a.value ilike $1)`;
  if (search.field === 'name') return { condition: `${owner}.name ilike $1`, values: [like] };
  if (search.field === 'any') {
    const anywhere = `exists (select from aaa_jdbc.${table}_attributes a where a.${table}_id = ${owner}.id and a.value ilike $1)`;
    return { condition: `(${owner}.name ilike $1 or ${anywhere})`, values: [like] };
  }
  return { condition: inAttribute, values: [like, search.field] };
}
