import { badRequest, notFound, Refusal } from '../../http/refusal.ts';
import type { Entity } from '../types.ts';
import type { Occasion, Special } from './collection.ts';
import { permits, systemObject } from './permits.ts';

/* Who is known, and who may do what. */

const text = (entity: Entity, name: string): string => (typeof entity[name] === 'string' ? entity[name] : '');
const named = (entity: Entity, attribute: string): Entity => {
  const value = entity[attribute];
  if (value === null || typeof value !== 'object') throw badRequest(`Incomplete parameters: ${attribute} is required.`);
  return value as Entity;
};

/** Permissions that make their holder a super user of everything, called `p`. */
const superUsers = `select from permissions p
  where p.role_id = '00000000-0000-0000-0000-000000000001' and p.object_id = '${systemObject}'`;
const lastOne = 'Somebody has to keep the role SuperUser on the system.';

/** Takes a user of the directory into the engine. Without a permission that alone lets nobody in. */
export const userSpecial: Special = {
  add: {
    permit: permits.add_users_and_groups_from_directory,
    async work({ database, entity }) {
      const login = text(entity, 'user_name').replace(/@internal(-authz)?$/, '') || text(entity, 'principal');
      const [found] = await database.query<{ id: string }>('select uuid::text as id from aaa_jdbc.users where name = $1', [login]);
      if (found === undefined) throw badRequest('The directory has no user with this user_name.');
      return {
        object: systemObject,
        event: { code: 149, name: 'USER_ADD', text: 'User ${name} was added by ${user}.' },
        name: login,
        statement: (values) => [
          [
            'done',
            `insert into users (user_id, external_id, name, surname, email, domain, username)
           select gen_random_uuid(), a.uuid::text, coalesce(max(x.value) filter (where x.name = 'firstName'), a.name),
             coalesce(max(x.value) filter (where x.name = 'lastName'), ''), coalesce(max(x.value) filter (where x.name = 'email'), ''),
             'internal-authz', a.name
           from aaa_jdbc.users a left join aaa_jdbc.user_attributes x on x.user_id = a.id
           where a.uuid::text = ${values.add(found.id)} group by a.uuid, a.name
           on conflict (domain, external_id) do update set username = excluded.username
           returning user_id::text as id, username as name`,
          ],
        ],
      };
    },
  },
  remove: {
    permit: permits.manipulate_users,
    async work({ database, id, asker }) {
      if (id.toLowerCase() === asker.userId) throw new Refusal(409, 'Nobody can remove the own user.');
      const [found] = await database.query<{ name: string; domain: string; last: boolean }>(
        `select username as name, domain, exists (${superUsers} and p.ad_element_id = user_id)
           and not exists (${superUsers} and p.ad_element_id <> user_id) as last
         from users where user_id = $1`,
        [id],
      );
      if (found === undefined) throw notFound();
      if (found.name === 'admin' && found.domain === 'internal-authz')
        throw new Refusal(409, 'The internal administrator cannot be removed.');
      if (found.last) throw new Refusal(409, lastOne);
      return {
        object: systemObject,
        event: { code: 327, name: 'USER_REMOVE_AD_USER', text: 'User ${name} was removed by ${user}.' },
        name: found.name,
        statement: (values) => [
          ['done', `delete from users where user_id = ${values.add(id)} returning user_id::text as id, username as name`],
        ],
      };
    },
  },
};

/** What a permission is given on: the attribute that names it, the collection that has it, and the number of its kind. */
export const permissionObjects = {
  data_center: { rel: 'datacenters', type: 14 },
  cluster: { rel: 'clusters', type: 9 },
  network: { rel: 'networks', type: 20 },
  vnic_profile: { rel: 'vnicprofiles', type: 27 },
  mac_pool: { rel: 'macpools', type: 28 },
} as const;

async function objectOf({ entity, place, members, asker }: Occasion): Promise<{ id: string; type: number }> {
  const above = place.collection.below?.rel;
  const fixed = Object.values(permissionObjects).find(({ rel }) => rel === above);
  if (fixed !== undefined) return { id: place.parent ?? '', type: fixed.type };
  const given = Object.entries(permissionObjects).filter(([attribute]) => (entity[attribute] ?? null) !== null);
  if (given.length > 1) throw badRequest('A permission is on one object only.');
  const [found] = given;
  if (found === undefined) return { id: systemObject, type: 1 };
  return { id: await members.resolve(found[1].rel, named(entity, found[0]), asker), type: found[1].type };
}

async function subjectOf({ entity, place, members, asker }: Occasion): Promise<string> {
  const above = place.collection.below?.rel;
  if (above === 'users' || above === 'groups') return place.parent ?? '';
  const kinds = (['user', 'group'] as const).filter((kind) => (entity[kind] ?? null) !== null);
  if (kinds.length !== 1) throw badRequest('Incomplete parameters: a permission is given to one user or one group.');
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

export const permitSpecial: Special = {
  add: {
    permit: permits.manipulate_roles,
    async work(occasion) {
      const name = await ownRole(occasion);
      const { entity, place } = occasion;
      const byName = new Map<string, number>(Object.entries(permits)).get(text(entity, 'name'));
      const wanted = byName ?? Number(entity.id ?? Number.NaN);
      if (!Object.values<number>(permits).includes(wanted)) throw badRequest('There is no permit with this name or id.');
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
