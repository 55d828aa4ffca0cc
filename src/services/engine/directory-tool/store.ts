import type { Database } from '../../frame/database.ts';
import { Problem } from '../tool.ts';

export type Kind = 'user' | 'group';

/** The number of an entry in its table. Throws a Problem when there is none of that name. */
export async function requireEntry(database: Database, kind: Kind, name: string): Promise<{ readonly key: number; readonly id: string }> {
  const [found] = await database.query<{ key: number; id: string }>(
    `select id as key, uuid::text as id from aaa_jdbc.${kind}s where name = $1`,
    [name],
  );
  if (found === undefined) throw new Problem(`There is no ${kind} ${name}.`);
  return found;
}

/** Runs a statement whose values may clash with those of another entry. */
export async function unlessTaken<Result>(work: Promise<Result>, kind: Kind): Promise<Result> {
  return work.catch((error: unknown) => {
    const state = error instanceof Error && 'code' in error ? error.code : '';
    if (state === '23505') throw new Problem(`There is another ${kind} with this name or id.`);
    throw error;
  });
}

/** Sets the attributes of an entry; an empty value takes one away. */
export async function setAttributes(database: Database, kind: Kind, key: number, attributes: ReadonlyMap<string, string>): Promise<void> {
  const table = `aaa_jdbc.${kind}_attributes`;
  const kept = [...attributes].filter(([, value]) => value !== '');
  const gone = [...attributes].filter(([, value]) => value === '').map(([name]) => name);
  await database.query(
    `insert into ${table} (${kind}_id, name, value) select $1, * from unnest($2::text[], $3::text[])
     on conflict (${kind}_id, name) do update set value = excluded.value`,
    [key, kept.map(([name]) => name), kept.map(([, value]) => value)],
  );
  await database.query(`delete from ${table} where ${kind}_id = $1 and name = any($2)`, [key, gone]);
}

/** Lines as upstream's tool shows them, from a heading and fields. */
export const card = (kind: string, name: string, id: string, fields: Readonly<Record<string, string | boolean | undefined>>): string =>
  [
    ` -- ${kind} ${visible(name)}(${id}) --`,
    ...Object.entries(fields).map(([label, value]) => `${label}: ${visible(String(value ?? ''))}`),
  ].join('\n');

/** A text that cannot steer the terminal it is shown on. */
export const visible = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
