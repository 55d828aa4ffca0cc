import { isAdministrative, permitName, permits, systemObject } from './permits.ts';
import { type Collection, optional, reference } from './collection.ts';
import { permissionObjects, permissionSpecial, permitSpecial, permitsToBeginWith } from './special-directory.ts';
import type { Entity } from '../types.ts';

const describePermit = (number: number): Entity => ({
  id: String(number),
  name: permitName(number) ?? String(number),
  administrative: isAdministrative(number),
});

export const roles: Collection = {
  rel: 'roles',
  type: 'role',
  about: 'Sets of permits that users and groups are given on objects.',
  from: 'roles t',
  id: 't.id',
  columns: 't.name, t.description, t.is_readonly, t.role_type',
  describe: (row) => ({
    name: String(row['name']),
    description: optional(row['description']) ?? '',
    administrative: row['role_type'] === 1,
    mutable: row['is_readonly'] === false,
  }),
  costly: {
    columns: '(select json_agg(g.action_group_id order by g.action_group_id) from roles_groups g where g.role_id = t.id) as permits',
    describe: (row) => ({ permits: ((row['permits'] ?? []) as readonly number[]).map(describePermit) }),
  },
  order: 'lower(t.name)',
  sight: 'everybody',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    administrative: { sql: '(t.role_type = 1)', as: 'boolean' },
    mutable: { sql: '(not t.is_readonly)', as: 'boolean' },
  },
  words: ['name', 'description'],
  store: {
    table: 'roles',
    key: 'id',
    noun: 'Role',
    fields: {
      name: { column: 'name', required: true, longest: 126 },
      description: { column: 'description', longest: 4000 },
      // Those that a new role begins with; later ones are members of a collection below it.
      permits: { column: 'permits', initial: [], store: (value) => permitsToBeginWith(value) },
      administrative: { column: 'role_type', required: true, fixed: true, store: (value) => (value === true ? 1 : 2) },
    },
    defaults: { is_readonly: 'false', allows_viewing_children: 'true' },
    along: `insert into roles_groups (role_id, action_group_id) select id, unnest(:permits::integer[]) from added on conflict do nothing`,
    guard: (row) => (row['is_readonly'] === true ? 'Roles that come with the engine cannot be changed.' : null),
    add: { permit: permits.manipulate_roles, code: 861, event: 'USER_ADD_ROLE' },
    update: { permit: permits.manipulate_roles, code: 863, event: 'USER_UPDATE_ROLE' },
    remove: { permit: permits.manipulate_roles, code: 865, event: 'USER_REMOVE_ROLE' },
  },
};

/** Roles that somebody has on the whole system. */
export const rolesOf = (rel: string): Collection => {
  const { store: _store, ...shown } = roles;
  return {
    ...shown,
    about: `Roles that one of the ${rel} has on the whole system.`,
    below: {
      rel,
      condition: `t.id in (select p.role_id from permissions p where p.ad_element_id = $parent and p.object_id = '${systemObject}')`,
    },
  };
};

export const rolePermits: Collection = {
  rel: 'permits',
  below: { rel: 'roles', condition: 't.role_id = $parent' },
  type: 'permit',
  about: 'What a role allows.',
  from: 'roles_groups t',
  id: 't.action_group_id',
  idKind: 'number',
  columns: 't.action_group_id, t.role_id',
  describe: (row) => ({ ...describePermit(Number(row['action_group_id'])), role: reference('roles', row['role_id']) }),
  order: 't.action_group_id',
  sight: 'everybody',
  search: { id: { sql: 't.action_group_id', as: 'number' } },
  special: permitSpecial,
};

const permissionColumns = `t.role_id, t.ad_element_id, t.object_id, t.object_type_id,
  exists (select from ad_groups g where g.id = t.ad_element_id) as is_group`;

/** Permissions, as they are shown at the top and below each kind of object or person. */
export const permissions = (below?: { readonly rel: string; readonly column: string }): Collection => ({
  rel: 'permissions',
  ...(below === undefined ? {} : { below: { rel: below.rel, condition: `t.${below.column} = $parent` } }),
  type: 'permission',
  about:
    below === undefined
      ? 'Permissions on the whole system; those on objects are here by their ids.'
      : `Permissions of one of the ${below.rel}.`,
  from: 'permissions t',
  id: 't.id',
  columns: permissionColumns,
  describe: (row) => {
    const object = Object.entries(permissionObjects).find(([, { type }]) => type === row['object_type_id']);
    return {
      ...(object === undefined ? {} : { [object[0]]: reference(object[1].rel, row['object_id']) }),
      [row['is_group'] === true ? 'group' : 'user']: reference(row['is_group'] === true ? 'groups' : 'users', row['ad_element_id']),
      role: reference('roles', row['role_id']),
    };
  },
  order: 't.creation_date, t.id',
  ...(below === undefined ? { listed: `t.object_id = '${systemObject}'` } : {}),
  sight: 'administrators',
  own: 't.ad_element_id in (select ad_element_id from user_and_groups($user))',
  search: {
    'role.name': { sql: '(select r.name from roles r where r.id = t.role_id)', as: 'text' },
    role: { sql: '(select r.name from roles r where r.id = t.role_id)', as: 'text' },
    'user.name': { sql: '(select u.username from users u where u.user_id = t.ad_element_id)', as: 'text' },
    'group.name': { sql: '(select g.name from ad_groups g where g.id = t.ad_element_id)', as: 'text' },
  },
  special: permissionSpecial,
});
