/** What is looked for in the directory: entries by id, one by its exact name, or those whose attribute fits a pattern. */
export type Search = { readonly ids: readonly string[] } | { readonly name: string } | { readonly pattern: string; readonly field: string };

/** Attributes that clients may search. */
export const searchable = ['name', 'displayName', 'email', 'firstName', 'lastName', 'department', 'title'] as const;

export interface Condition {
  readonly condition: string;
  readonly values: readonly unknown[];
}

/**
 * The condition in SQL on users (`u`) or groups (`g`) of the directory. In a pattern `*` stands for anything, and case does not
 * count; the field `any` is the name and every attribute. (The search of the API has a language of its own, over other tables.)
 */
export function conditionOf(search: Search, table: 'user' | 'group'): Condition {
  const owner = table === 'user' ? 'u' : 'g';
  if ('ids' in search) return { condition: `${owner}.uuid::text = any($1)`, values: [search.ids] };
  if ('name' in search) return { condition: `${owner}.name = $1`, values: [search.name] };
  const like = search.pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
  const name = `${owner}.name ilike $1`;
  const attribute = (which: string): string =>
    `exists (select from aaa_jdbc.${table}_attributes a where a.${table}_id = ${owner}.id and a.value ilike $1${which})`;
  if (search.field === 'name') return { condition: name, values: [like] };
  if (search.field === 'any') return { condition: `(${name} or ${attribute('')})`, values: [like] };
  return { condition: attribute(' and a.name = $2'), values: [like, search.field] };
}
