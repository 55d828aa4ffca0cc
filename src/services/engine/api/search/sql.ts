import { badRequest } from '../../http/refusal.ts';
import type { Collection, SearchField } from '../collections/collection.ts';
import { isStorable } from '../scalar.ts';
import type { Condition, Operator, Search } from './parse.ts';
import type { Values } from './values.ts';

/**
 * The condition of a search in SQL, and how it sorts. Values only ever travel beside the statement.
 * `fields` are those that the condition compares. Throws a refusal (400) for a field that the collection does not have, and for a value that the field cannot have.
 */
export function searchSql(
  collection: Pick<Collection, 'search' | 'words' | 'rel'>,
  { condition, sort }: Search,
  values: Values,
  caseSensitive: boolean,
): { readonly where: string | null; readonly order: string | null; readonly fields: ReadonlySet<string> } {
  const fields = collection.search ?? {};
  const used = new Set<string>();
  const fieldOf = (name: string): SearchField => {
    const found = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (found === undefined) throw badRequest(`${collection.rel} can be searched by: ${Object.keys(fields).join(', ')}.`);
    used.add(name);
    return found;
  };

  function text(sql: string, operator: Operator, value: string, present = false): string {
    if (operator !== '=' && operator !== '!=') {
      return caseSensitive ? `${sql} ${operator} ${values.add(value)}` : `lower(${sql}) ${operator} lower(${values.add(value)})`;
    }
    const pattern = value.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
    const found = present ? sql : `coalesce(${sql}, '')`;
    const like = caseSensitive ? `${found} like ${values.add(pattern)}` : `lower(${found}) like lower(${values.add(pattern)})`;
    return operator === '=' ? like : `not (${like})`;
  }

  /** A day without a time of day is the whole of it: equal is whatever happened on it, and later is what happened after its end. */
  function date(sql: string, operator: Operator, value: string): string {
    const moment = dateOf(value);
    if (!isDay(value)) return `${sql} ${operator === '!=' ? 'is distinct from' : operator} ${values.add(moment)}`;
    const end = new Date(moment);
    end.setDate(end.getDate() + 1);
    switch (operator) {
      case '=':
        return `(${sql} >= ${values.add(moment)} and ${sql} < ${values.add(end)})`;
      case '!=':
        return `(${sql} >= ${values.add(moment)} and ${sql} < ${values.add(end)}) is not true`;
      case '>':
        return `${sql} >= ${values.add(end)}`;
      case '<=':
        return `${sql} < ${values.add(end)}`;
      case '<':
      case '>=':
        return `${sql} ${operator} ${values.add(moment)}`;
    }
  }

  function compare(field: SearchField, operator: Operator, value: string): string {
    const { sql, as, several, present } = field;
    const sqlOperator = operator === '!=' ? 'is distinct from' : operator;
    if (several !== undefined) {
      const one = text('s.value', operator === '!=' ? '=' : operator, value);
      return `${operator === '!=' ? 'not ' : ''}exists (select from (${several}) s (value) where ${one})`;
    }
    if (as === 'text') return text(sql, operator, value, present);
    if (as === 'number') {
      if (!/^-?\d{1,18}$/.test(value)) throw badRequest('The search compares a number with something that is none.');
      return `${sql} ${sqlOperator} ${values.add(value)}::bigint`;
    }
    if (as === 'boolean') {
      if (!/^(true|false|yes|no|1|0)$/i.test(value)) throw badRequest('The search compares a truth value with something that is none.');
      return `${sql} ${sqlOperator} ${values.add(/^(true|yes|1)$/i.test(value))}`;
    }
    if (as === 'date') return date(sql, operator, value);
    const words = Object.keys(as.choices).filter((word) => matches(word, value));
    if (words.length === 0) throw badRequest(`The search names a value that is none of: ${Object.keys(as.choices).join(', ')}.`);
    if (operator !== '=' && operator !== '!=') return `${sql} ${operator} ${values.add(as.choices[words[0] ?? ''])}`;
    const places = words.map((word) => values.add(as.choices[word])).join(', ');
    return `${sql} ${operator === '=' ? 'in' : 'not in'} (${places})`;
  }

  function where(one: Condition): string {
    if ('and' in one) return `(${one.and.map(where).join(' and ')})`;
    if ('or' in one) return `(${one.or.map(where).join(' or ')})`;
    if ('not' in one) return `not (${where(one.not)})`;
    if ('field' in one) return `(${compare(fieldOf(one.field), one.operator, one.value)})`;
    const words = (collection.words ?? []).map((name) => compare(fieldOf(name), '=', one.word.includes('*') ? one.word : `*${one.word}*`));
    if (words.length === 0) throw badRequest(`${collection.rel} can be searched by fields only.`);
    return `(${words.join(' or ')})`;
  }

  const found = condition === null ? null : where(condition);
  // What a list is sorted by says nothing about what is in it.
  const asked = new Set(used);
  return { where: found, order: sort === null ? null : `${fieldOf(sort.field).sql} ${sort.descending ? 'desc' : 'asc'}`, fields: asked };
}

const matches = (word: string, pattern: string): boolean => {
  const parts = pattern.toLowerCase().split('*');
  return parts.length === 1
    ? word === parts[0]
    : word.startsWith(parts[0] ?? '') && word.endsWith(parts.at(-1) ?? '') && parts.every((part) => word.includes(part));
};

/** Whether a date has no time of day. */
const isDay = (value: string): boolean => /^(today|yesterday|\d{4}-\d\d-\d\d|\d{1,2}\/\d{1,2}\/\d{4})$/i.test(value);

/** A date as people write it: `today`, `yesterday`, or what ISO 8601 says; a day is one of the engine's own time zone. */
function dateOf(value: string): Date {
  const now = new Date();
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (/^today$/i.test(value)) return today;
  if (/^yesterday$/i.test(value)) return new Date(today.getTime() - 24 * 3600 * 1000);
  const found = new Date(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00` : value);
  if (!isStorable(found)) throw badRequest('The search compares a date with something that is none; 2026-01-31 is one.');
  return found;
}
