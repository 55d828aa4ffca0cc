import { notFound, Refusal } from '../../http/refusal.ts';
import { incomplete, invalidValue, rejected } from '../fault.ts';
import type { Entity } from '../types.ts';
import { type Occasion, type Special, textOf } from './collection.ts';
import { permits, systemObject } from './permits.ts';

/* Who may do what. */

const named = (entity: Entity, attribute: string): Entity => {
  const value = entity[attribute];
  if (value === null || typeof value !== 'object') throw incomplete('permission', [attribute], 'add');
  return value as Entity;
};

/** Permissions that make their holder a super user of everything, called `p`. */
export const superUsers = `select from permissions p
  where p.role_id = '00000000-0000-0000-0000-000000000001' and p.object_id = '${systemObject}'`;
export const lastOne = 'Somebody has to keep the role SuperUser on the system.';

/** What a permission is given on: the attribute that names it, the collection that has it, and the number of its kind. */
export const permissionObjects = {
  data_center: { rel: 'datacenters', type: 14 },
  cluster: { rel: 'clusters', type: 9 },
  network: { rel: 'networks', type: 20 },
  vnic_profile: { rel: 'vnicprofiles', type: 27 },
  mac_pool: { rel: 'macpools', type: 28 },
  host: { rel: 'hosts', type: 3 },
  storage_domain: { rel: 'storagedomains', type: 11 },
  template: { rel: 'templates', type: 4 },
  vm: { rel: 'vms', type: 2 },
  disk: { rel: 'disks', type: 19 },
} as const;

/** What clients name as well, and what no permission can be given on yet. Without a look at them it would be given on everything. */
const otherObjects = ['vm_pool'] as const;

async function objectOf({ entity, place, members, asker }: Occasion): Promise<{ id: string; type: number }> {
  const above = place.collection.below?.rel;
  const fixed = Object.values(permissionObjects).find(({ rel }) => rel === above);
  if (fixed !== undefined) return { id: place.parent ?? '', type: fixed.type };
  const other = otherObjects.find((attribute) => (entity[attribute] ?? null) !== null);
  if (other !== undefined) throw rejected(`A permission cannot be given on a ${other}.`);
  const given = Object.entries(permissionObjects).filter(([attribute]) => (entity[attribute] ?? null) !== null);
  if (given.length > 1) throw rejected('A permission is on one object only.');
  const [found] = given;
  if (found === undefined) return { id: systemObject, type: 1 };
  return { id: await members.resolve(found[1].rel, named(entity, found[0]), asker), type: found[1].type };
}

async function subjectOf({ entity, place, members, asker }: Occasion): Promise<string> {
  const above = place.collection.below?.rel;
  if (above === 'users' || above === 'groups') return place.parent ?? '';
  const kinds = (['user', 'group'] as const).filter((kind) => (entity[kind] ?? null) !== null);
  if (kinds.length !== 1) throw incomplete('permission', ['user|group'], 'add');
  const kind = kinds[0] ?? 'user';
  return members.resolve(`${kind}s`, named(entity, kind), asker);
}

export const permissionSpecial: Special = {
  add: {
    permit: permits.manipulate_permissions,
    async work(occasion) {
      const { database, entity, members, asker } = occasion;
      const [object, subject] = [await objectOf(occasion), await subjectOf(occasion)];
      const role = await members.resolve('roles', named(entity, 'role'), asker);
      // Otherwise whoever may give permissions could give themselves everything.
      const [more] = await database.query<{ lacking: boolean }>(
        `select exists (select from roles_groups g where g.role_id = $1 and not has_permit($2, g.action_group_id, $3)) as lacking`,
        [role, asker.userId, object.id],
      );
      if (more?.lacking === true) throw new Refusal(403, 'A role can be given only by whoever has all of its permits there.');
      return {
        object: object.id,
        event: { code: 850, name: 'USER_ADD_PERMISSION', text: 'A permission with role ${name} was given by ${user}.' },
        statement: (values) => [
          [
            'added',
            `insert into permissions (role_id, ad_element_id, object_id, object_type_id)
           values (${values.add(role)}, ${values.add(subject)}, ${values.add(object.id)}, ${values.add(object.type)}) returning id, role_id`,
          ],
          ['done', `select a.id::text as id, r.name::text as name from added a join roles r on r.id = a.role_id`],
        ],
      };
    },
  },
  remove: {
    permit: permits.manipulate_permissions,
    async work({ database, id }) {
      const [found] = await database.query<{ object: string; last: boolean; name: string }>(
        `select p.object_id::text as object, r.name,
         p.role_id = '00000000-0000-0000-0000-000000000001' and p.object_id = $2 and not exists (
           select from permissions q where q.id <> p.id and q.role_id = p.role_id and q.object_id = p.object_id) as last
       from permissions p join roles r on r.id = p.role_id where p.id = $1`,
        [id, systemObject],
      );
      if (found === undefined) throw notFound();
      if (found.last) throw new Refusal(409, lastOne);
      return {
        object: found.object,
        event: { code: 852, name: 'USER_REMOVE_PERMISSION', text: 'A permission with role ${name} was taken away by ${user}.' },
        name: found.name,
        statement: (values) => [
          [
            'done',
            `delete from permissions where id = ${values.add(id)} returning id::text as id, ${values.add(found.name)}::text as name`,
          ],
        ],
      };
    },
  },
};

async function ownRole({ database, place }: Occasion): Promise<string> {
  const [role] = await database.query<{ name: string; fixed: boolean }>('select name, is_readonly as fixed from roles where id = $1', [
    place.parent,
  ]);
  if (role === undefined) throw notFound();
  if (role.fixed) throw new Refusal(409, 'Roles that come with the engine cannot be changed.');
  return role.name;
}

const roleEvent = { code: 863, name: 'USER_UPDATE_ROLE', text: 'Role ${name} was changed by ${user}.' };

/** The number of a permit that a client named by its name or its id. Throws a fault (400) where there is none. */
function permitOf(entity: Entity): number {
  const byName = new Map<string, number>(Object.entries(permits)).get(textOf(entity, 'name'));
  const wanted = byName ?? Number(entity.id ?? Number.NaN);
  if (!Object.values<number>(permits).includes(wanted)) throw invalidValue('permit', Object.keys(permits));
  return wanted;
}

/** Numbers of the permits that a new role begins with: those given, and that to log in. */
export const permitsToBeginWith = (given: unknown): readonly number[] => [
  ...new Set([permits.login, ...(Array.isArray(given) ? (given as readonly Entity[]).map(permitOf) : [])]),
];

export const permitSpecial: Special = {
  add: {
    permit: permits.manipulate_roles,
    async work(occasion) {
      const name = await ownRole(occasion);
      const { entity, place } = occasion;
      const wanted = permitOf(entity);
      return {
        object: systemObject,
        event: roleEvent,
        name,
        statement: (values) => [
          [
            'done',
            `insert into roles_groups (role_id, action_group_id) values (${values.add(place.parent)}, ${values.add(wanted)})
           returning action_group_id::text as id, ${values.add(name)}::text as name`,
          ],
        ],
      };
    },
  },
  remove: {
    permit: permits.manipulate_roles,
    async work(occasion) {
      const name = await ownRole(occasion);
      return {
        object: systemObject,
        event: roleEvent,
        name,
        statement: (values) => [
          [
            'done',
            `delete from roles_groups where role_id = ${values.add(occasion.place.parent)} and action_group_id = ${values.add(Number(occasion.id))}
           returning action_group_id::text as id, ${values.add(name)}::text as name`,
          ],
        ],
      };
    },
  },
};
