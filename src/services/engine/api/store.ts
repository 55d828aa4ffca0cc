import type { Database } from '../../frame/database.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import type { Asker, Change, Collection, Event, Field, Members, Row, Store, Work } from './collections/collection.ts';
import { systemObject } from './collections/permits.ts';
import { immutable, incomplete, outOfRange, rejected, unsupported } from './fault.ts';
import type { Values } from './search/values.ts';
import type { Entity, Value } from './types.ts';

/* Adding, changing and removing members of collections whose members are rows of one table. */

/** The value at a path of attributes (`vlan.id`); undefined where something on the way is missing. */
function at(entity: Entity, path: string): Value {
  return path
    .split('.')
    .reduce<Value>((value, name) => (value !== null && typeof value === 'object' ? ((value as Entity)[name] as Value) : undefined), entity);
}

/** Whether a reference names nothing, as clients write it that want it gone. */
const isEmpty = (value: Entity): boolean => Object.keys(value).length === 0;

const tooLong = ({ longest = 255 }: Field, value: unknown): boolean => typeof value === 'string' && value.length > longest;

/** An attribute that a client sent, as it is stored. */
export interface Given {
  readonly path: string;
  readonly field: Field;
  readonly value: unknown;
}

/** The attributes that a client sent, as they are stored. Throws refusals (400, 404, 409) for those that cannot be. */
export async function givenOf(fields: Store['fields'], entity: Entity, members: Members, asker: Asker): Promise<readonly Given[]> {
  const all: Given[] = [];
  for (const [path, field] of Object.entries(fields)) {
    const value = at(entity, path);
    if (value === undefined || value === null) continue;
    if (field.only !== undefined && value !== field.only.value)
      throw unsupported(value === true ? path : `Another ${path}`, field.only.why);
    if (field.reference !== undefined && field.clearable === true && isEmpty(value as Entity)) all.push({ path, field, value: null });
    else if (field.reference !== undefined)
      all.push({ path, field, value: await members.resolve(field.reference, value as Entity, asker) });
    else {
      if (tooLong(field, value)) throw outOfRange(`${path} may have ${field.longest ?? 255} characters at most.`);
      if (field.required === true && typeof value === 'string' && value.trim() === '') throw rejected(`${path} must not be empty.`);
      all.push({ path, field, value: field.store === undefined ? value : field.store(value) });
    }
  }
  return all;
}

/** Columns of the row and values beside it: those whose column stands in `along` only. */
const isBeside = (store: Store, { column }: Field): boolean => store.along?.includes(`:${column}`) === true;

const alongSql = (store: Store, all: readonly Given[], values: Values): readonly (readonly [string, string])[] => {
  if (store.along === undefined) return [];
  const beside = all.filter(({ field }) => isBeside(store, field));
  // A part that only selects is run only where something refers to it.
  const name = store.along.startsWith('select') ? 'also' : 'along';
  return [[name, beside.reduce((sql, { field, value }) => sql.replaceAll(`:${field.column}`, values.add(value)), store.along)]];
};

const nameColumn = (store: Store): string => store.fields['name']?.column ?? store.key;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The event that tells of a change. */
const eventOf = ({ noun }: Store, { code, event }: Change, done: 'added' | 'changed' | 'removed'): Event => ({
  code,
  name: event,
  text: `${noun} \${name} was ${done} by \${user}.`,
});

/** Throws a fault (400) where something is missing that a new member must have. */
export function needAll(type: string, fields: Store['fields'], entity: Entity): void {
  const missing = Object.entries(fields).filter(([path, { required }]) => required === true && (at(entity, path) ?? null) === null);
  if (missing.length === 0) return;
  throw incomplete(
    type,
    missing.map(([path]) => path),
    'add',
  );
}

/** The work of adding a member. */
export async function adding(collection: Collection, store: Store, entity: Entity, members: Members, asker: Asker): Promise<Work> {
  const { add } = store;
  if (add === undefined) throw new Refusal(405, 'Members cannot be added here.');
  needAll(collection.type, store.fields, entity);
  const all = await givenOf(store.fields, entity, members, asker);
  const columns = all.filter(({ field }) => !isBeside(store, field));
  const defaults = Object.entries(store.defaults ?? {}).filter(([column]) => !columns.some(({ field }) => field.column === column));
  const object = add.on === undefined ? systemObject : textOf(all.find(({ path }) => path === add.on)?.value) || systemObject;
  return {
    permit: add.permit,
    event: eventOf(store, add, 'added'),
    object,
    name: textOf(entity['name']),
    statement: (values) => [
      [
        'added',
        `insert into ${store.table} (${[store.key, ...columns.map(({ field }) => field.column), ...defaults.map(([column]) => column)].join(', ')})
         values (${['gen_random_uuid()', ...columns.map(({ value }) => values.add(value)), ...defaults.map(([, sql]) => sql)].join(', ')})
         returning *, ${store.key}::text as its_id`,
      ],
      ['done', `select its_id as id, ${nameColumn(store)}::text as name from added`],
      ...alongSql(store, all, values),
    ],
  };
}

async function stored(database: Database, { table, key }: Store, id: string): Promise<Row> {
  const [found] = await database.query<{ row: Row }>(`select to_jsonb(x) as row from ${table} x where ${key} = $1`, [id]);
  if (found === undefined) throw notFound();
  return found.row;
}

/**
 * The work of changing one. What is not in the entity stays as it is.
 * @param only SQL of a further condition under which it is changed
 */
export async function changing(
  database: Database,
  store: Store,
  id: string,
  entity: Entity,
  members: Members,
  asker: Asker,
  only: (values: Values) => string = () => 'true',
): Promise<Work> {
  const { update } = store;
  if (update === undefined) throw new Refusal(405, 'Members cannot be changed here.');
  const row = await stored(database, store, id);
  const against = store.guard?.(row, 'update') ?? null;
  if (against !== null) throw new Refusal(409, against);
  const all = await givenOf(store.fields, entity, members, asker);
  const broken = all.find(({ field, value }) => field.fixed === true && String(row[field.column]) !== String(value));
  if (broken !== undefined) throw immutable(broken.path);
  const columns = all.filter(({ field }) => field.fixed !== true && !isBeside(store, field));
  const beside = all.some(({ field }) => isBeside(store, field));
  return {
    permit: update.permit,
    event: eventOf(store, update, 'changed'),
    object: id,
    name: textOf(row[nameColumn(store)]),
    statement: (values) => [
      [
        'added',
        `update ${store.table} set ${[
          `${store.key} = ${store.key}`,
          ...columns.map(({ field, value }) => `${field.column} = ${values.add(value)}`),
        ].join(', ')} where ${store.key} = ${values.add(id)} and ${only(values)} returning *, ${store.key}::text as its_id`,
      ],
      ['done', `select its_id as id, ${nameColumn(store)}::text as name from added`],
      ...(beside ? alongSql(store, all, values) : []),
    ],
  };
}

/** The work of removing one. */
export async function removing(database: Database, store: Store, id: string): Promise<Work> {
  const { remove } = store;
  if (remove === undefined) throw new Refusal(405, 'Members cannot be removed here.');
  const row = await stored(database, store, id);
  const against = store.guard?.(row, 'remove') ?? null;
  if (against !== null) throw new Refusal(409, against);
  return {
    permit: remove.permit,
    event: eventOf(store, remove, 'removed'),
    object: id,
    name: textOf(row[nameColumn(store)]),
    statement: (values) => [
      [
        'done',
        `delete from ${store.table} where ${store.key} = ${values.add(id)} returning ${store.key}::text as id, ${nameColumn(store)}::text as name`,
      ],
    ],
  };
}
