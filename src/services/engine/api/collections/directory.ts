import type { Entity } from '../types.ts';
import { isAdministrative, permitName, permits } from './permits.ts';
import { type Collection, optional, reference } from './collection.ts';
import { permissionObjects, permissionSpecial, permitSpecial, userSpecial } from './special-directory.ts';

/** Users that the engine knows: those with a permission, and those that somebody has added. */
export const users: Collection = {
  rel: 'users',
  type: 'user',
  about: 'Users that the engine knows. Adding one takes a user of a directory, by its user_name and domain.',
  from: 'users t',
  id: 't.user_id',
  columns: `t.username, t.name, t.surname, t.domain, t.external_id, t.namespace, t.email, t.department,
    t.user_id in (select s.user_id from sso_sessions s where s.valid_to > now()) as logged_in`,
  describe: (row) => ({
    name: row['name'] === '' ? String(row['username']) : String(row['name']),
    department: String(row['department']),
    domain: domainOf(row['domain']),
    domain_entry_id: String(row['external_id']),
    email: String(row['email']),
    last_name: String(row['surname']),
    logged_in: row['logged_in'] === true,
    namespace: String(row['namespace']),
    principal: String(row['username']),
    user_name: `${String(row['username'])}@${String(row['domain'])}`,
  }),
  order: 'lower(t.username), t.user_id',
  sight: 'administrators',
  own: 't.user_id = $user',
  search: {
    name: { sql: 't.name', as: 'text' },
    lastname: { sql: 't.surname', as: 'text' },
    usrname: { sql: `(t.username || '@' || t.domain)`, as: 'text' },
    login: { sql: 't.username', as: 'text' },
    directory: { sql: 't.domain', as: 'text' },
    department: { sql: 't.department', as: 'text' },
    email: { sql: 't.email', as: 'text' },
    tag: {
      sql: `(select string_agg(g.tag_name, ' ') from tags_user_map m join tags g using (tag_id) where m.user_id = t.user_id)`,
      as: 'text',
    },
  },
  words: ['name', 'lastname', 'usrname'],
  special: userSpecial,
};

export const groups: Collection = {
  rel: 'groups',
  type: 'group',
  about: 'Groups of users that the engine knows.',
  from: 'ad_groups t',
  id: 't.id',
  columns: 't.name, t.domain, t.external_id, t.namespace',
  describe: (row) => ({
    name: String(row['name']),
    domain_entry_id: String(row['external_id']),
    namespace: String(row['namespace']),
    domain: row['domain'] === '' ? undefined : domainOf(row['domain']),
  }),
  order: 'lower(t.name), t.id',
  sight: 'administrators',
  own: 't.id in (select ad_element_id from user_and_groups($user))',
  search: { name: { sql: 't.name', as: 'text' }, directory: { sql: 't.domain', as: 'text' } },
  words: ['name'],
  store: {
    table: 'ad_groups',
    key: 'id',
    noun: 'Group',
    fields: { name: { column: 'name' } },
    guard: (row) => (row['id'] === 'eee00000-0000-0000-0000-123456789eee' ? 'The group of everybody cannot be removed.' : null),
    remove: { permit: permits.manipulate_users, code: 326, event: 'USER_REMOVE_AD_GROUP' },
  },
};

/** Ids of domains are their names in hexadecimal digits, as clients of the original know them. */
const hexOf = (name: unknown): string => Buffer.from(String(name)).toString('hex');

/** The domain of a user or a group. */
const domainOf = (name: unknown): Entity => {
  const id = hexOf(name);
  return { id, href: `/ovirt-engine/api/domains/${id}`, name: String(name) };
};

export const domains: Collection = {
  rel: 'domains',
  type: 'domain',
  about: 'Directories of users.',
  from: `(select encode(convert_to(name, 'UTF8'), 'hex') as id, name from (values ('internal-authz')) n (name)) t`,
  id: 't.id',
  idKind: 'name',
  columns: 't.name',
  describe: (row) => ({ name: String(row['name']) }),
  order: 'lower(t.name)',
  sight: 'everybody',
};

/** Who is in a directory, whether or not the engine knows them. */
export const domainUsers: Collection = {
  rel: 'users',
  below: { rel: 'domains', condition: `$parent = encode(convert_to('internal-authz', 'UTF8'), 'hex')` },
  type: 'user',
  about: 'Users of a directory.',
  from: `(select a.uuid::text as id, a.name as username,
      (select value from aaa_jdbc.user_attributes x where x.user_id = a.id and x.name = 'firstName') as first_name,
      (select value from aaa_jdbc.user_attributes x where x.user_id = a.id and x.name = 'lastName') as last_name,
      (select value from aaa_jdbc.user_attributes x where x.user_id = a.id and x.name = 'email') as email
    from aaa_jdbc.users a) t`,
  id: 't.id',
  columns: 't.username, t.first_name, t.last_name, t.email',
  describe: (row) => ({
    name: optional(row['first_name']) ?? String(row['username']),
    domain: domainOf('internal-authz'),
    domain_entry_id: String(row['id']),
    email: optional(row['email']),
    last_name: optional(row['last_name']),
    namespace: '*',
    principal: String(row['username']),
    user_name: `${String(row['username'])}@internal-authz`,
  }),
  order: 'lower(t.username)',
  sight: 'administrators',
  search: {
    name: { sql: 't.first_name', as: 'text' },
    lastname: { sql: 't.last_name', as: 'text' },
    usrname: { sql: 't.username', as: 'text' },
  },
  words: ['name', 'lastname', 'usrname'],
};

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
  order: 'lower(t.name)',
  sight: 'everybody',
  store: {
    table: 'roles',
    key: 'id',
    noun: 'Role',
    fields: {
      name: { column: 'name', required: true, longest: 126 },
      description: { column: 'description', longest: 4000 },
      administrative: { column: 'role_type', required: true, fixed: true, store: (value) => (value === true ? 1 : 2) },
    },
    defaults: { is_readonly: 'false', allows_viewing_children: 'true' },
    along: 'insert into roles_groups (role_id, action_group_id) select id, 1300 from added',
    guard: (row) => (row['is_readonly'] === true ? 'Roles that come with the engine cannot be changed.' : null),
    add: { permit: permits.manipulate_roles, code: 861, event: 'USER_ADD_ROLE' },
    update: { permit: permits.manipulate_roles, code: 863, event: 'USER_UPDATE_ROLE' },
    remove: { permit: permits.manipulate_roles, code: 865, event: 'USER_REMOVE_ROLE' },
  },
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
  describe: (row) => {
    const number = Number(row['action_group_id']);
    return {
      name: permitName(number) ?? String(number),
      administrative: isAdministrative(number),
      role: reference('roles', row['role_id']),
    };
  },
  order: 't.action_group_id',
  sight: 'everybody',
  special: permitSpecial,
};

const permissionColumns = `t.role_id, t.ad_element_id, t.object_id, t.object_type_id,
  exists (select from ad_groups g where g.id = t.ad_element_id) as is_group`;

/** Permissions, as they are shown at the top and below each kind of object or person. */
export const permissions = (below?: { readonly rel: string; readonly column: string }): Collection => ({
  rel: 'permissions',
  ...(below === undefined ? {} : { below: { rel: below.rel, condition: `t.${below.column} = $parent` } }),
  type: 'permission',
  about: below === undefined ? 'Permissions on the whole system.' : `Permissions of one of the ${below.rel}.`,
  from: below === undefined ? `(select * from permissions where object_id = 'aaa00000-0000-0000-0000-123456789aaa') t` : 'permissions t',
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
  sight: 'administrators',
  own: 't.ad_element_id in (select ad_element_id from user_and_groups($user))',
  special: permissionSpecial,
});
