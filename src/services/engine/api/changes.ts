import type { Collection, Place, Special, Store } from './collections/collection.ts';
import { adding, changing, removing } from './store.ts';
import type { Entity } from './types.ts';

/** Who is added below a member of a collection belongs to that one, and need not say so. */
function belonging({ fields }: Store, { collection, parent }: Place, entity: Entity): Entity {
  const found = Object.entries(fields).find(([, { reference }]) => reference !== undefined && reference === collection.below?.rel);
  return found === undefined || parent === null ? entity : { ...entity, [found[0]]: { id: parent } };
}

/** What a new member begins with, where the client said nothing of it. */
const initials = ({ fields }: Store): Entity =>
  Object.fromEntries(Object.entries(fields).flatMap(([path, { initial }]) => (initial === undefined ? [] : [[path, initial]])));

/** How members of a collection are changed: by something special, or as rows of its table. */
export function changesOf(collection: Collection): Special {
  const { store, special = {} } = collection;
  if (store === undefined) return special;
  const { add, update, remove } = store;
  return {
    ...(add === undefined
      ? {}
      : {
          add: {
            permit: add.permit,
            work: ({ entity, members, asker, place }) =>
              adding(collection, store, { ...initials(store), ...belonging(store, place, entity) }, members, asker),
          },
        }),
    ...(update === undefined
      ? {}
      : {
          update: {
            permit: update.permit,
            work: ({ database, id, entity, members, asker }) => changing(database, store, id, entity, members, asker),
          },
        }),
    ...(remove === undefined ? {} : { remove: { permit: remove.permit, work: ({ database, id }) => removing(database, store, id) } }),
    ...special,
  };
}
