import type { Database } from '../../frame/database.ts';
import { isUuid } from '../../frame/uuid.ts';
import { badRequest, notFound, Refusal } from '../http/refusal.ts';
import { readNumber } from '../options.ts';
import type { Asker, Collection, Members, Place, Row, Wish } from './collections/collection.ts';
import { collections } from './collections/index.ts';
import { parseSearch } from './search/parse.ts';
import { searchSql } from './search/sql.ts';
import { Values } from './search/values.ts';
import { apiPath } from './target.ts';
import type { Entity } from './types.ts';

/** So many members are read at once for a list. */
const blockSize = 250;

/** Whether something can be the id of a member at all; everything else is not even looked for. */
const isId = ({ idKind = 'uuid' }: Collection, id: string): boolean => {
  if (idKind === 'uuid') return isUuid(id);
  return idKind === 'number' ? /^\d{1,15}$/.test(id) : id.length <= 255 && !id.includes('\0');
};

/** The names of a collection and of those above: `vms`, `vms/nics`. */
export const placeName = ({ below, rel }: Collection): string => (below === undefined ? rel : `${below.rel}/${rel}`);

const named = new Map(collections.map((one) => [placeName(one), one]));
const children = Map.groupBy(
  collections.filter(({ below }) => below !== undefined),
  ({ below }) => below?.rel ?? '',
);

/** A collection by its name and that of the one above, where it is not at the top. */
export const collectionAt = (name: string): Collection | undefined => named.get(name);
const top = (rel: string): Collection | undefined => collectionAt(rel);
/** Collections that lie below members of one, in the order of their names. */
export const childrenOf = (rel: string): readonly Collection[] => (children.get(rel) ?? []).toSorted((a, b) => (a.rel < b.rel ? -1 : 1));

/** The path of a collection. */
export function pathOf({ collection: { below, rel }, parent, above }: Place): string {
  if (below === undefined) return `${apiPath}/${rel}`;
  const over = below.rel.split('/');
  const ids = over.length === 1 ? [parent] : [above, parent];
  return `${apiPath}/${over.map((one, at) => `${one}/${ids[at] ?? ''}/`).join('')}${rel}`;
}

const isAtHome = (collection: Collection): boolean => top(collection.rel)?.describe === collection.describe;
/** The name by which its members are known: that at the top, where the same members are there as well. */
export const homeName = (collection: Collection): string => (isAtHome(collection) ? collection.rel : placeName(collection));

const homeOf = (place: Place): string => (isAtHome(place.collection) ? `${apiPath}/${place.collection.rel}` : pathOf(place));

/** Makes entities of the rows of a place. */
function describeAt(place: Place, allContent: boolean): (row: Row) => Entity {
  const { collection } = place;
  const costly = allContent ? collection.costly?.describe : undefined;
  const home = homeOf(place);
  const below = childrenOf(homeName(collection)).map(({ rel }) => rel);
  const verbs = Object.keys(collection.actions ?? {});
  return (row) => {
    const id = String(row['id']);
    const href = `${home}/${encodeURIComponent(id)}`;
    return Object.assign(collection.describe(row), costly?.(row), { id, href, below, actions: verbs });
  };
}

/** Conditions that hold for members that somebody may see, one of them or many; none at all for somebody who may see all. */
function sightSql({ collection }: Place, asker: Asker, values: Values, howMany: 'one' | 'many'): string | null {
  const { sight, own, object, id } = collection;
  if (sight === 'everybody' || (asker.administrator && !asker.filtered)) return null;
  if (sight === 'administrators' && own === undefined) return 'false';
  const user = values.add(asker.userId);
  const visible = (which: string): string =>
    howMany === 'one' ? `sees_object(${user}, ${which})` : `${which} in (select object_id from visible_objects(${user}))`;
  const ways = [...(sight === 'permitted' ? [visible(object ?? id)] : []), ...(own === undefined ? [] : [own.replaceAll('$user', user)])];
  return `(${ways.join(' or ')})`;
}

/** What of a query does not depend on its conditions: who asks, and for how much. */
interface Reading {
  readonly asker: Asker;
  readonly values: Values;
  readonly allContent?: boolean;
}

const selectSql = ({ id, from }: Collection, columns: string, conditions: readonly (string | null)[], tail: string): string => {
  const where = conditions.filter((one) => one !== null);
  return `select ${id}::text as id${columns} from ${from}${where.length === 0 ? '' : ` where ${where.join(' and ')}`} ${tail}`;
};

/** A query of whole members. */
function select(
  { collection }: Place,
  { asker, values, allContent = false }: Reading,
  conditions: readonly (string | null)[],
  tail = '',
): string {
  const costly = allContent && collection.costly !== undefined ? `, ${collection.costly.columns}` : '';
  const columns = collection.columns.includes('$user')
    ? collection.columns.replaceAll('$user', `${values.add(asker.userId)}::uuid`)
    : collection.columns;
  return selectSql(collection, `, ${columns}${costly}`, conditions, tail);
}

function belowSql({ collection: { below }, parent, above }: Place, values: Values): string | null {
  if (below === undefined) return null;
  const condition = below.condition.replaceAll('$parent', values.add(parent));
  return `(${condition.includes('$above') ? condition.replaceAll('$above', values.add(above)) : condition})`;
}

/** Reads members of collections, as far as whoever asks may see them. */
export function createMembers(database: Database): Members {
  /** One member; null where there is none, or none that may be seen. */
  async function find(place: Place, id: string, asker: Asker, allContent = false): Promise<Entity | null> {
    if (!isId(place.collection, id)) return null;
    const values = new Values();
    const wanted =
      place.collection.idKind === 'number' || place.collection.idKind === 'name' ? `${place.collection.id}::text` : place.collection.id;
    const conditions = [
      `${wanted} = ${values.add(id)}`,
      belowSql(place, values),
      sightSql(place, asker, values, 'one'),
      place.collection.usually?.condition ?? null,
    ];
    const [row] = await database.query<Row>(select(place, { asker, values, allContent }, conditions), values.all);
    return row === undefined ? null : describeAt(place, allContent)(row);
  }

  /** Which members are in a list, and in which order. Throws refusals. */
  async function listed(place: Place, asker: Asker, wish: Wish, values: Values): Promise<{ conditions: (string | null)[]; tail: string }> {
    const { collection } = place;
    if (collection.sight !== 'everybody' && !asker.administrator && !asker.filtered) {
      throw new Refusal(403, 'Only administrators may list this without the parameter filter.');
    }
    const conditions = [belowSql(place, values), sightSql(place, asker, values, 'many'), collection.listed ?? null];
    let { order } = collection;
    let limit = wish.max ?? null;
    if (limit !== null && limit < 0) {
      if (collection.search !== undefined) throw badRequest('The parameter max must not be negative.');
      limit = null;
    }
    let offset = 0;
    let usually = collection.usually?.condition ?? null;
    if (wish.search !== undefined && wish.search !== null) {
      const search = parseSearch(wish.search);
      const sql = searchSql(collection, search, values, wish.caseSensitive === true);
      conditions.push(sql.where);
      if (sql.fields.has(collection.usually?.unless ?? '')) usually = null;
      if (sql.order !== null) order = `${sql.order}, ${order}`;
      if (search.page !== null) {
        const pageSize = await readNumber(database, 'SearchResultsLimit');
        limit = Math.min(limit ?? pageSize, pageSize);
        offset = (search.page - 1) * pageSize;
      }
    }
    if (wish.from !== undefined && wish.from !== null) {
      if (collection.rel !== 'events') throw badRequest('Only events have the parameter from.');
      conditions.push(`${collection.id} > ${values.add(wish.from)}`);
    }
    conditions.push(usually);
    const tail = [
      `order by ${order}`,
      limit === null ? '' : `limit ${values.add(limit)}`,
      offset === 0 ? '' : `offset ${values.add(offset)}`,
    ];
    return { conditions, tail: tail.join(' ') };
  }

  const members: Members = {
    find,

    async needParent({ collection, parent, above = null }, asker) {
      if (collection.below === undefined) return;
      const over = collectionAt(collection.below.rel);
      if (over === undefined || parent === null) throw notFound();
      const place = { collection: over, parent: above };
      await members.needParent(place, asker);
      if ((await find(place, parent, asker)) === null) throw notFound();
    },

    async *blocks(place, asker, wish) {
      const { collection } = place;
      const values = new Values();
      const { conditions, tail } = await listed(place, asker, wish, values);
      const ids = (await database.query<{ id: string }>(selectSql(collection, '', conditions, tail), values.all)).map(({ id }) => id);
      const allContent = wish.allContent === true;
      const describe = describeAt(place, allContent);
      for (let at = 0; at < ids.length; at += blockSize) {
        const block = ids.slice(at, at + blockSize);
        const values = new Values();
        const conditions = [`${collection.id} = any(${values.add(block)})`, belowSql(place, values)];
        const rows = await database.query<Row>(select(place, { asker, values, allContent }, conditions), values.all);
        const byId = new Map(rows.map((row) => [row['id'], row]));
        yield block
          .values()
          .map((id) => byId.get(id))
          .filter((row) => row !== undefined)
          .map(describe);
      }
    },

    async list(place, asker) {
      const values = new Values();
      const { conditions, tail } = await listed(place, asker, {}, values);
      const rows = await database.query<Row>(select(place, { asker, values }, conditions, tail), values.all);
      return rows.map(describeAt(place, false));
    },

    async resolve(rel, named, asker) {
      const collection = top(rel);
      if (collection === undefined) throw new Error(`there is no collection ${rel}`);
      if (typeof named.id === 'string' && named.id !== '') {
        if ((await find({ collection, parent: null }, named.id, { ...asker, filtered: !asker.administrator })) !== null) return named.id;
      } else if (typeof named['name'] === 'string') {
        const values = new Values();
        const name = `${collection.named ?? 't.name'} = ${values.add(named['name'])}`;
        const rows = await database.query<Row>(
          select(
            { collection, parent: null },
            { asker, values },
            [name, sightSql({ collection, parent: null }, { ...asker, filtered: !asker.administrator }, values, 'one')],
            'limit 2',
          ),
          values.all,
        );
        if (rows.length > 1) throw badRequest(`More than one of the ${rel} has this name: name it by its id.`);
        if (rows[0] !== undefined) return String(rows[0]['id']);
      } else throw badRequest(`One of the ${rel} is to be named by its id or its name.`);
      throw new Refusal(404, `There is none of the ${rel} with this id or name.`);
    },
  };
  return members;
}
