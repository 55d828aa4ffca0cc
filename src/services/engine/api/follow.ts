import { badRequest } from '../http/refusal.ts';
import { types } from './api-types.ts';
import { type Asker, type Collection, listName, type Members, type Place } from './collections/collection.ts';
import { collections } from './collections/index.ts';
import { childrenOf, collectionAt, homeName } from './members.ts';
import type { Entity, Followed } from './types.ts';

/** How deep links are followed, and how many members are fetched for one entity. */
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

/** Throws a refusal (400) where a name leads nowhere from any member of a type. */
function check(type: string, children: readonly Collection[], tree: Tree): void {
  for (const [name, deeper] of tree) {
    const child = children.find(({ rel }) => rel === relOf(name));
    const kind = types[type]?.[name];
    if (child !== undefined) check(child.type, childrenAt(child), deeper);
    // Where a reference leads, each member says for itself: to one of the collections with members of its type.
    else if (typeof kind === 'object' && 'one' in kind) check(kind.one, childrenOfType(kind.one), deeper);
    else throw badRequest('The parameter follow names a link that does not exist.');
  }
}

const childrenOfType = (type: string): readonly Collection[] => collections.filter((one) => one.type === type).flatMap(childrenAt);

/**
 * Puts what a client asked to follow into an entity: collections below it instead of their links, and whole members instead of
 * references. What may not be seen is left out. Throws refusals (400): at once for names that do not exist, later for more objects than
 * one entity may bring along.
 */
export function following(members: Members, asker: Asker, place: Place, text: string): (entity: Entity) => Promise<Entity> {
  const tree = parse(text);
  check(place.collection.type, childrenAt(place.collection), tree);
  const everywhere = { ...asker, filtered: !asker.administrator || asker.filtered };

  return (entity) => {
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
          const found = await members.list(inside, everywhere);
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
          const found = await members.find(there, named.id, everywhere);
          count(1);
          if (found !== null) result = { ...result, [name]: await one(there, found, deeper) };
        }
      }
      return result;
    }

    return one(place, entity, tree);
  };
}
