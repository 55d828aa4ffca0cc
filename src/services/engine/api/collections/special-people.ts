import { notFound, Refusal } from '../../http/refusal.ts';
import { internal } from '../../sso/principals.ts';
import { incomplete, rejected } from '../fault.ts';
import type { Entity } from '../types.ts';
import { type Occasion, type Special, textOf } from './collection.ts';
import { permits, systemObject } from './permits.ts';
import { userUpdate } from './profiles.ts';
import { lastOne, superUsers } from './special-directory.ts';

/* Users and groups of a directory, as they are taken into the engine and leave it. */

/** Throws a fault (400) for a directory that there is not. Without a name it is the only one. */
function needDirectory(entity: Entity): void {
  const name = textOf((entity['domain'] ?? {}) as Entity, 'name');
  if (name !== '' && name !== internal.authz && name !== internal.profile) throw rejected('There is no directory with this name.');
}

/** The id that the directory knows somebody by, whom a client named by name or by that id. Throws faults (400). */
async function inDirectory({ database, entity }: Occasion, table: 'users' | 'groups', names: readonly string[]): Promise<string> {
  needDirectory(entity);
  const name = names.map((attribute) => textOf(entity, attribute)).find((given) => given !== '') ?? '';
  const id = textOf(entity, 'domain_entry_id');
  if (name === '' && id === '') {
    throw incomplete(table === 'users' ? 'user' : 'group', [`${names.join('|')}|domain_entry_id`], 'add');
  }
  const [found] = await database.query<{ id: string }>(
    `select uuid::text as id from aaa_jdbc.${table} where ${id === '' ? 'name' : 'uuid::text'} = $1`,
    [id === '' ? name.replace(/@internal(-authz)?$/, '') : id.toLowerCase()],
  );
  if (found === undefined) throw rejected(`The directory has none of the ${table} with this name or id.`);
  return found.id;
}

/** Whether somebody is the last who has the role SuperUser on the system. */
async function isLastSuperUser({ database, id }: Occasion): Promise<boolean> {
  const [found] = await database.query<{ last: boolean }>(
    `select exists (${superUsers} and p.ad_element_id = $1) and not exists (${superUsers} and p.ad_element_id <> $1) as last`,
    [id],
  );
  return found?.last === true;
}

/** Takes a user of the directory into the engine. Without a permission that alone lets nobody in. */
export const userSpecial: Special = {
  add: {
    permit: permits.add_users_and_groups_from_directory,
    async work(occasion) {
      const account = await inDirectory(occasion, 'users', ['user_name', 'principal']);
      return {
        object: systemObject,
        event: { code: 149, name: 'USER_ADD', text: 'User ${name} was added by ${user}.' },
        name: textOf(occasion.entity, 'user_name'),
        statement: (values) => [
          [
            'done',
            `insert into users (user_id, external_id, name, surname, email, domain, username)
           select gen_random_uuid(), a.uuid::text, coalesce(max(x.value) filter (where x.name = 'firstName'), a.name),
             coalesce(max(x.value) filter (where x.name = 'lastName'), ''), coalesce(max(x.value) filter (where x.name = 'email'), ''),
             '${internal.authz}', a.name
           from aaa_jdbc.users a left join aaa_jdbc.user_attributes x on x.user_id = a.id
           where a.uuid::text = ${values.add(account)} group by a.uuid, a.name
           on conflict (domain, external_id) do update set username = excluded.username
           returning user_id::text as id, username as name`,
          ],
        ],
      };
    },
  },
  update: userUpdate,
  remove: {
    permit: permits.manipulate_users,
    async work(occasion) {
      const { database, id, asker } = occasion;
      if (id.toLowerCase() === asker.userId) throw new Refusal(409, 'Nobody can remove the own user.');
      const [found] = await database.query<{ name: string; domain: string }>(
        'select username as name, domain from users where user_id = $1',
        [id],
      );
      if (found === undefined) throw notFound();
      if (found.name === 'admin' && found.domain === internal.authz)
        throw new Refusal(409, 'The internal administrator cannot be removed.');
      if (await isLastSuperUser(occasion)) throw new Refusal(409, lastOne);
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

/** Everybody: the group that the engine itself has. */
const everybody = 'eee00000-0000-0000-0000-123456789eee';

/** Takes a group of the directory into the engine, so that it can be given permissions, which its members then have. */
export const groupSpecial: Special = {
  add: {
    permit: permits.add_users_and_groups_from_directory,
    async work(occasion) {
      const group = await inDirectory(occasion, 'groups', ['name']);
      return {
        object: systemObject,
        event: { code: 323, name: 'USER_ADD_AD_GROUP', text: 'Group ${name} was added by ${user}.' },
        name: textOf(occasion.entity, 'name'),
        statement: (values) => [
          [
            'added',
            `insert into ad_groups (id, name, domain, external_id)
           select gen_random_uuid(), g.name, '${internal.authz}', g.uuid::text from aaa_jdbc.groups g where g.uuid::text = ${values.add(group)}
           on conflict (domain, external_id) do update set name = excluded.name
           returning id, name, external_id`,
          ],
          ['done', 'select id::text as id, name::text as name from added'],
          [
            // Whoever logs in later learns of the group then; for those that the engine knows already it holds at once.
            'along',
            `insert into user_groups (user_id, group_id)
           select u.user_id, added.id from added
           join aaa_jdbc.groups g on g.uuid::text = added.external_id
           join users u on u.domain = '${internal.authz}'
           join aaa_jdbc.users a on a.uuid::text = u.external_id
           where g.id in (select aaa_jdbc.groups_of_user(a.id, true))
           on conflict do nothing`,
          ],
        ],
      };
    },
  },
  remove: {
    permit: permits.manipulate_users,
    async work(occasion) {
      const { id } = occasion;
      if (id.toLowerCase() === everybody) throw new Refusal(409, 'The group of everybody cannot be removed.');
      if (await isLastSuperUser(occasion)) throw new Refusal(409, lastOne);
      return {
        object: systemObject,
        event: { code: 326, name: 'USER_REMOVE_AD_GROUP', text: 'Group ${name} was removed by ${user}.' },
        statement: (values) => [
          ['done', `delete from ad_groups where id = ${values.add(id)} returning id::text as id, name::text as name`],
        ],
      };
    },
  },
};
