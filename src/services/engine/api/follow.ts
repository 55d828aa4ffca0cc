import { badRequest } from '../http/refusal.ts';
import { types } from './api-types.ts';
import { type Asker, type Collection, listName, type Members, type Place } from './collections/collection.ts';
import { childrenOf, collectionAt, homeName } from './members.ts';
import type { Entity, Followed } from './types.ts';

/** How deep links are followed, and how many members are fetched for one answer. */
const deepest = 4;
const most = 20_000;

/** `nics,disk_attachments.disk` as a tree. */
type Tree = Map<string, Tree>;

function parse(text: string): Tree {
  const root: Tree = new Map();
  for (const path of text.split(',').map((part) => part.trim())) {
    const names = path.split('.');
    if (path === '' || names.length > deepest || !names.every((name) => /^\w+$/.test(name))) {
      throw badRequest(`The parameter follow is a list of names, each up to ${deepest} deep: permissions.role,tags`);
    }
    let at = root;
    for (const name of names) {
      const next = at.get(name) ?? new Map<string, Tree>();
      at.set(name, next);
      at = next;
    }
  }
  return root;
}

/** Links are named without the underscores of attributes: `vnic_profiles` leads to `vnicprofiles`. */
const relOf = (name: string): string => name.replaceAll('_', '');

/** What lies below members of a collection, or below the same objects at the top, where they are shown otherwise. */
const childrenAt = (collection: Collection): readonly Collection[] => [...childrenOf(homeName(collection)), ...childrenOf(collection.rel)];

/** The place of the member that a reference leads to: at the top, or below a member of another collection. */
function placeOfHref(href: string | undefined): Place | null {
  const [, , , home = '', parent = null, rel = null] = href?.split('/') ?? [];
  const collection = collectionAt(rel === null ? home : `${home}/${rel}`);
  return collection === undefined ? null : { collection, parent: rel === null ? null : parent };
}

/**
 * Puts what a client asked to follow into entities: collections below them instead of their links, and whole members instead of
 * references. What may not be seen is left out. Throws a refusal (400) for names that do not exist.
 */
export async function follow(
  members: Members,
  asker: Asker,
  place: Place,
  entities: readonly Entity[],
  text: string,
): Promise<readonly Entity[]> {
  let left = most;
  const count = (found: number): void => {
    left -= found;
    if (left < 0) throw badRequest(`Following these links would fetch more than ${most} objects.`);
  };

  async function one(place: Place, entity: Entity, tree: Tree): Promise<Entity> {
    const { type } = place.collection;
    let result: Entity = entity;
    for (const [name, deeper] of tree) {
      const child = childrenAt(place.collection).find((collection) => collection.rel === relOf(name));
      const kind = types[type]?.[name];
      if (child !== undefined) {
        const inside = { collection: child, parent: entity.id ?? '', above: place.parent };
        const found = await members.list(inside, {
          ...asker,
          filtered: !asker.administrator || asker.filtered,
        });
        count(found.length);
        const inner: Entity[] = [];
        for (const member of found) inner.push(await one(inside, member, deeper));
        const followed: Followed = { name: listName(child), type: child.type, members: inner };
        result = {
          ...result,
          below: (result.below ?? []).filter((rel) => rel !== child.rel),
          // What all content has of it already is less than the members themselves, and stands in the same place.
          ...(types[type]?.[followed.name] === undefined
            ? { followed: [...(result.followed ?? []), followed] }
            : { [followed.name]: inner }),
        };
      } else if (typeof kind === 'object' && 'one' in kind) {
        const named = entity[name] as Entity | null | undefined;
        const there = placeOfHref(named?.href);
        if (named?.id === undefined || there === null) continue;
        const found = await members.find(there, named.id, {
          ...asker,
          filtered: !asker.administrator || asker.filtered,
        });
        count(1);
        if (found !== null) result = { ...result, [name]: await one(there, found, deeper) };
      } else throw badRequest('The parameter follow names a link that does not exist.');
    }
    return result;
  }

  const tree = parse(text);
  const all: Entity[] = [];
  for (const entity of entities) all.push(await one(place, entity, tree));
  return all;
}
