import type { Entity } from '../types.ts';
import { type Collection, optional } from './collection.ts';
import { groupSpecial, userSpecial } from './special-people.ts';

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
    type: { sql: `'user'::text`, as: 'text' },
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
  about: 'Groups of users that the engine knows. Adding one takes a group of a directory, by its name and domain.',
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
  search: {
    name: { sql: 't.name', as: 'text' },
    directory: { sql: 't.domain', as: 'text' },
    type: { sql: `'group'::text`, as: 'text' },
    tag: {
      sql: `(select string_agg(g.tag_name, ' ') from tags_user_group_map m join tags g using (tag_id) where m.group_id = t.id)`,
      as: 'text',
    },
  },
  words: ['name'],
  special: groupSpecial,
};

/** Groups that a user is in, as the directory said when the user was last logged in; everybody is in that of everybody. */
export const groupsOfUser: Collection = {
  ...groups,
  about: 'Groups of a user.',
  below: { rel: 'users', condition: 't.id in (select m.group_id from user_groups m where m.user_id = $parent)' },
  special: {},
};

/** Ids of domains are their names in hexadecimal digits, as clients of the original know them. */
const hexOf = (name: unknown): string => Buffer.from(String(name)).toString('hex');

/** Described once each: thousands of users are of a few domains. */
const described = new Map<string, Entity>();

/** The domain of a user or a group. */
function domainOf(name: unknown): Entity {
  const text = String(name);
  const known = described.get(text);
  if (known !== undefined) return known;
  const id = hexOf(text);
  const domain = { id, href: `/ovirt-engine/api/domains/${id}`, name: text };
  described.set(text, domain);
  return domain;
}

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
  search: { name: { sql: 't.name', as: 'text' } },
  words: ['name'],
};

const inDirectory = { rel: 'domains', condition: `$parent = encode(convert_to('internal-authz', 'UTF8'), 'hex')` } as const;

/** Who is in a directory, whether or not the engine knows them. */
export const domainUsers: Collection = {
  rel: 'users',
  below: inDirectory,
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

/** Groups of a directory, whether or not the engine knows them. */
export const domainGroups: Collection = {
  rel: 'groups',
  below: inDirectory,
  type: 'group',
  about: 'Groups of a directory.',
  from: '(select g.uuid::text as id, g.name from aaa_jdbc.groups g) t',
  id: 't.id',
  columns: 't.name',
  describe: (row) => ({
    name: String(row['name']),
    domain: domainOf('internal-authz'),
    domain_entry_id: String(row['id']),
    namespace: '*',
  }),
  order: 'lower(t.name)',
  sight: 'administrators',
  search: { name: { sql: 't.name', as: 'text' } },
  words: ['name'],
};
