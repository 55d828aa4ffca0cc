import { badRequest } from '../../http/refusal.ts';
import type { Collection, SearchField } from '../collections/collection.ts';
import type { Condition, Operator, Search } from './parse.ts';
import type { Values } from './values.ts';

/**
 * The condition of a search in SQL, and how it sorts. Values only ever travel beside the statement.
 * Throws a refusal (400) for a field that the collection does not have, and for a value that the field cannot have.
 */
export function searchSql(
  collection: Pick<Collection, 'search' | 'words' | 'rel'>,
  { condition, sort }: Search,
  values: Values,
  caseSensitive: boolean,
): { readonly where: string | null; readonly order: string | null } {
  const fields = collection.search ?? {};
  const fieldOf = (name: string): SearchField => {
    const found = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (found === undefined) throw badRequest(`${collection.rel} can be searched by: ${Object.keys(fields).join(', ')}.`);
    return found;
  };

  function text(sql: string, operator: Operator, value: string): string {
    if (operator !== '=' && operator !== '!=') {
      return caseSensitive ? `${sql} ${operator} ${values.add(value)}` : `lower(${sql}) ${operator} lower(${values.add(value)})`;
    }
    const pattern = value.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
    const like = `coalesce(${sql}, '') ${caseSensitive ? 'like' : 'ilike'} ${values.add(pattern)}`;
    return operator === '=' ? like : `not (${like})`;
  }

  function compare(field: SearchField, operator: Operator, value: string): string {
    const { sql, as } = field;
    const sqlOperator = operator === '!=' ? 'is distinct from' : operator;
    if (as === 'text') return text(sql, operator, value);
    if (as === 'number') {
      if (!/^-?\d{1,18}$/.test(value)) throw badRequest('The search compares a number with something that is none.');
      return `${sql} ${sqlOperator} ${values.add(value)}::bigint`;
    }
    if (as === 'boolean') {
      if (!/^(true|false|yes|no|1|0)$/i.test(value)) throw badRequest('The search compares a truth value with something that is none.');
      return `${sql} ${sqlOperator} ${values.add(/^(true|yes|1)$/i.test(value))}`;
    }
    if (as === 'date') return `${sql} ${sqlOperator} ${values.add(dateOf(value))}`;
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
    const words = (collection.words ?? []).map((name) => text(fieldOf(name).sql, '=', one.word.includes('*') ? one.word : `*${one.word}*`));
    if (words.length === 0) throw badRequest(`${collection.rel} can be searched by fields only.`);
    return `(${words.join(' or ')})`;
  }

  return {
    where: condition === null ? null : where(condition),
    order: sort === null ? null : `${fieldOf(sort.field).sql} ${sort.descending ? 'desc' : 'asc'}`,
  };
}

const matches = (word: string, pattern: string): boolean => {
  const parts = pattern.toLowerCase().split('*');
  return parts.length === 1
    ? word === parts[0]
    : word.startsWith(parts[0] ?? '') && word.endsWith(parts.at(-1) ?? '') && parts.every((part) => word.includes(part));
};

/** A date as people write it: `today`, `yesterday`, or what ISO 8601 says. */
function dateOf(value: string): Date {
  const now = new Date();
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (/^today$/i.test(value)) return today;
  if (/^yesterday$/i.test(value)) return new Date(today.getTime() - 24 * 3600 * 1000);
  const found = new Date(value);
  if (Number.isNaN(found.getTime())) throw badRequest('The search compares a date with something that is none; 2026-01-31 is one.');
  return found;
}
