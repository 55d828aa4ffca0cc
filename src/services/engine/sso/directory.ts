import type { Database } from '../../frame/database.ts';
import { conditionOf, type Search } from './directory-search.ts';
import { groupKeys, principalKeys } from './record-keys.ts';
import { list, record, type Typed } from './typed.ts';

/** A group as the directory knows it. */
interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | null;
}

interface PrincipalRow {
  readonly id: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>> | null;
}

/** How far the groups of somebody are followed. */
export type GroupDepth = 'none' | 'direct' | 'nested';

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

/** The groups of accounts, as records: account to groups. Accounts without any are left out. */
export async function groupsOf(
  database: Database,
  accountIds: readonly string[],
  depth: GroupDepth,
): Promise<ReadonlyMap<string, readonly Typed[]>> {
  const groups = new Map<string, Typed[]>();
  if (depth === 'none' || accountIds.length === 0) return groups;
  const rows = await database.query<GroupRow & { account: string }>(
    `select u.uuid::text as account, ${groupColumns} from aaa_jdbc.users u, aaa_jdbc.groups_of_user(u.id, $2) as found (id)
       join aaa_jdbc.groups g on g.id = found.id
     where u.uuid::text = any($1) order by g.name`,
    [accountIds, depth === 'nested'],
  );
  for (const { account, ...row } of rows) groups.set(account, [...(groups.get(account) ?? []), groupRow(row)]);
  return groups;
}

/** Users as records. A pattern may end with `*` and is compared without regard to case. */
export async function findUsers(database: Database, search: Search, depth: GroupDepth): Promise<readonly Typed[]> {
  const { condition, values } = conditionOf(search, 'user');
  const rows = await database.query<PrincipalRow>(
    `select u.uuid::text as id, u.name, ${attributesOf('user', 'u')} as attributes
     from aaa_jdbc.users u where ${condition} order by u.name limit ${mostSql}`,
    values,
  );
  const groups = await groupsOf(
    database,
    rows.map(({ id }) => id),
    depth,
  );
  return rows.map((row) => principalRow(row, groups.get(row.id) ?? []));
}

function principalRow({ id, name, attributes }: PrincipalRow, groups: readonly Typed[]): Typed {
  const entries: Record<string, unknown> = {
    [principalKeys.namespace]: '*',
    [principalKeys.id]: id,
    [principalKeys.name]: name,
    [principalKeys.groups]: list(groups),
  };
  for (const attribute of ['displayName', 'email', 'firstName', 'lastName', 'department', 'title'] as const) {
    const value = attributes?.[attribute];
    if (value !== undefined) entries[principalKeys[attribute]] = value;
  }
  return record(entries);
}

/** Groups as records. */
export async function findGroups(database: Database, search: Search): Promise<readonly Typed[]> {
  const { condition, values } = conditionOf(search, 'group');
  const rows = await database.query<GroupRow>(
    `select ${groupColumns} from aaa_jdbc.groups g where ${condition} order by g.name limit ${mostSql}`,
    values,
  );
  return rows.map(groupRow);
}
