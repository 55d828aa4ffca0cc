import type { Fields } from '../http/fields.ts';

/** A resource as clients see it. */
export type Entity = Readonly<Record<string, unknown>> & { readonly id: string };

/** A collection of the network API. What is left out is not for clients. */
export interface Resource {
  /** The word in addresses: 'security-groups'. */
  readonly rel: string;
  /** What a body is wrapped into: 'security_group'. */
  readonly one: string;
  readonly many: string;
  list(): readonly Entity[];
  /** Throws a fault of 404. */
  get(id: string): Entity;
  /** Returns the id of the new one. */
  add?(fields: Fields): Promise<string>;
  change?(id: string, fields: Fields): Promise<void>;
  remove?(id: string): Promise<void>;
  /** What else can be done to one, by the word behind its id. The body of these is not wrapped. */
  readonly actions?: Readonly<Record<string, (id: string, fields: Fields) => Promise<object>>>;
}

/** Parameters that say how much to list, and not what. */
const paging = ['limit', 'page_reverse', 'next', 'previous', 'marker', 'fields', 'sort_key', 'sort_dir'];

/** Those whose fields have one of the values that the query names for them. */
export function filtered(entities: readonly Entity[], query: URLSearchParams): readonly Entity[] {
  const names = [...new Set(query.keys())].filter((name) => !paging.includes(name));
  return entities.filter((entity) => names.every((name) => query.getAll(name).some((wanted) => isValue(entity[name], wanted))));
}

function isValue(value: unknown, wanted: string): boolean {
  if (Array.isArray(value)) return value.some((one) => isValue(one, wanted));
  // Clients in Python write booleans with a capital letter.
  if (typeof value === 'boolean') return String(value) === wanted.toLowerCase();
  return (typeof value === 'string' || typeof value === 'number') && String(value) === wanted;
}
