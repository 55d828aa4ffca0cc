import { randomUUID } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import type { Arguments } from './arguments.ts';
import { checkId, checkName, groupAttributes, readAttributes } from './entries.ts';
import { misuse, Problem } from '../tool.ts';
import { card, type Kind, requireEntry, setAttributes, unlessTaken, visible } from './store.ts';
import type { ToolParts } from './users.ts';

/** Adds a group. */
export async function addGroup(name: string, given: Arguments, { database }: ToolParts): Promise<string> {
  const attributes = readAttributes(given.texts('attribute'), groupAttributes);
  const values = [checkName(name), checkId(given.text('id') ?? randomUUID())];
  const insert = 'insert into aaa_jdbc.groups (name, uuid) values ($1, $2) returning id as key';
  const [added] = await unlessTaken(database.query<{ key: number }>(insert, values), 'group');
  await setAttributes(database, 'group', added?.key ?? 0, attributes);
  return `Group ${name} was added.`;
}

/** Changes what the options name. */
export async function editGroup(name: string, given: Arguments, { database }: ToolParts): Promise<string> {
  const attributes = readAttributes(given.texts('attribute'), groupAttributes);
  const [newName, id] = [given.text('new-name'), given.text('id')];
  const { key } = await requireEntry(database, 'group', name);
  const update = 'update aaa_jdbc.groups set name = coalesce($2, name), uuid = coalesce($3::uuid, uuid) where id = $1';
  const values = [key, newName === undefined ? null : checkName(newName), id === undefined ? null : checkId(id)];
  await unlessTaken(database.query(update, values), 'group');
  await setAttributes(database, 'group', key, attributes);
  return `Group ${name} was changed.`;
}

/** Removes a group. Its members stay. */
export async function deleteGroup(name: string, _given: Arguments, { database }: ToolParts): Promise<string> {
  const { key } = await requireEntry(database, 'group', name);
  await database.query('delete from aaa_jdbc.groups where id = $1', [key]);
  return `Group ${name} was deleted.`;
}

/** Groups that a condition on `g` chooses, each as lines. */
export async function describeGroups(database: Database, condition: string, values: readonly unknown[]): Promise<readonly string[]> {
  const rows = await database.query<{ id: string; name: string; attributes: Readonly<Record<string, string>> | null }>(
    `select g.uuid::text as id, g.name,
       (select json_object_agg(a.name, a.value) from aaa_jdbc.group_attributes a where a.group_id = g.id) as attributes
     from aaa_jdbc.groups g where ${condition} order by g.name`,
    values,
  );
  return rows.map(({ id, name, attributes }) =>
    card('Group', name, id, {
      Namespace: '*',
      Name: name,
      ID: id,
      'Display Name': attributes?.['displayName'],
      Description: attributes?.['description'],
    }),
  );
}

/** Shows a group. */
export async function showGroup(name: string, _given: Arguments, { database }: ToolParts): Promise<string> {
  const { key } = await requireEntry(database, 'group', name);
  return (await describeGroups(database, 'g.id = $1', [key])).join('\n');
}

/** The member that an option names: its kind, its name, and its number. */
async function member(given: Arguments, kind: Kind, database: Database): Promise<{ readonly name: string; readonly key: number }> {
  const name = given.text(kind);
  if (name === undefined) throw misuse(`--${kind} names the member.`);
  return { name, ...(await requireEntry(database, kind, name)) };
}

/** Makes the command that puts a user or a group into a group. */
export const addMember =
  (kind: Kind) =>
  async (group: string, given: Arguments, { database }: ToolParts): Promise<string> => {
    const { key } = await requireEntry(database, 'group', group);
    const { key: memberKey, name } = await member(given, kind, database);
    if (kind === 'group' && key === memberKey) throw new Problem('A group cannot be its own member.');
    const added = await database.query(
      `insert into aaa_jdbc.${kind}_groups (${kind}_id, in_group_id) values ($1, $2) on conflict do nothing returning id`,
      [memberKey, key],
    );
    if (added.length === 0) throw new Problem(`The ${kind} ${name} is in ${group} already.`);
    return `The ${kind} ${name} was added to ${group}.`;
  };

/** Makes the command that takes one out again. */
export const removeMember =
  (kind: Kind) =>
  async (group: string, given: Arguments, { database }: ToolParts): Promise<string> => {
    const { key } = await requireEntry(database, 'group', group);
    const { key: memberKey, name } = await member(given, kind, database);
    const removed = await database.query(`delete from aaa_jdbc.${kind}_groups where ${kind}_id = $1 and in_group_id = $2 returning id`, [
      memberKey,
      key,
    ]);
    if (removed.length === 0) throw new Problem(`The ${kind} ${name} is not in ${group}.`);
    return `The ${kind} ${name} was removed from ${group}.`;
  };

/** Shows who is in a group. */
export async function showMembers(group: string, _given: Arguments, { database }: ToolParts): Promise<string> {
  const { key } = await requireEntry(database, 'group', group);
  const names = async (kind: Kind): Promise<string> => {
    const rows = await database.query<{ name: string }>(
      `select m.name from aaa_jdbc.${kind}s m join aaa_jdbc.${kind}_groups g on g.${kind}_id = m.id where g.in_group_id = $1 order by m.name`,
      [key],
    );
    return rows.map(({ name }) => `\n  ${visible(name)}`).join('');
  };
  return `Users:${await names('user')}\nGroups:${await names('group')}`;
}
