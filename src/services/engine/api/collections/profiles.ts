import { Refusal } from '../../http/refusal.ts';
import { incomplete, outOfRange, rejected } from '../fault.ts';
import { BadSshKey, type SshPublicKey, parseSshPublicKey } from '../../pki/ssh-public-key.ts';
import { isKey } from '../../vmconsole/serial-consoles.ts';
import type { Entity } from '../types.ts';
import { type Collection, type Occasion, reference, type Special, type SpecialChange, type Work, textOf } from './collection.ts';
import { permits, systemObject } from './permits.ts';

/* What users keep for themselves: keys for consoles, and settings of portals. */

type Kind = 'SSH_PUBLIC_KEY' | 'JSON';

/** What is stored. Throws faults (400). */
function contentOf(kind: Kind, entity: Entity): string {
  const content = textOf(entity, 'content').trim();
  if (content.length > 20_000) throw outOfRange('content may have 20000 characters at most.');
  if (kind === 'SSH_PUBLIC_KEY') {
    if (content === '') throw incomplete('ssh_public_key', ['content'], 'add');
    readKey(content);
    return content;
  }
  const name = textOf(entity, 'name');
  if (content === '' || name === '') throw incomplete('user_option', ['name', 'content'], 'add');
  if (name.length > 255) throw outOfRange('name may have 255 characters at most.');
  try {
    JSON.parse(content);
  } catch {
    throw rejected('The content of an option is JSON.');
  }
  return content;
}

/** The parts of a public key. Throws a fault (400) for what is none, or a weak one. */
function readKey(content: string): SshPublicKey {
  try {
    return parseSshPublicKey(content);
  } catch (error) {
    throw error instanceof BadSshKey ? rejected(error.message) : error;
  }
}

/**
 * Throws a refusal (409) where somebody else has the key: whoever shows it would not be known any more. Public keys are public, so it need
 * not be its owner who gives it to a second user.
 */
async function needFreeKey({ database, place }: Occasion, content: string): Promise<void> {
  const { type, base64 } = readKey(content);
  const found = await database.query(`select from user_profiles k where ${isKey('$1', '$2')} and k.user_id <> $3 limit 1`, [
    type,
    base64,
    place.parent,
  ]);
  if (found.length > 0) throw new Refusal(409, 'Another user has this key.');
}

/** Throws a refusal (403) for what belongs to somebody else, unless the asker manages users. */
async function needOwn({ database, asker }: Occasion, owner: string | null): Promise<void> {
  if (owner?.toLowerCase() === asker.userId) return;
  const [allowed] = await database.query<{ may: boolean }>('select has_permit($1, $2, $3) as may', [
    asker.userId,
    permits.manipulate_users,
    systemObject,
  ]);
  if (allowed?.may !== true) throw new Refusal(403, 'The user is not authorized to perform this action.');
}

/** Options of a user as the user itself names them: those that are named are added or changed, all others stay. */
export const userUpdate: SpecialChange = {
  permit: permits.edit_profile,
  async work(occasion) {
    const { id, entity } = occasion;
    await needOwn(occasion, id);
    if (Object.keys(entity).some((name) => name !== 'id' && name !== 'user_options')) {
      throw rejected('Of a user only the user_options can be changed.');
    }
    const wanted = ((entity['user_options'] ?? []) as readonly Entity[]).map((property) => ({
      name: textOf(property, 'name'),
      content: contentOf('JSON', { name: textOf(property, 'name'), content: textOf(property, 'value') }),
    }));
    if (wanted.length === 0) throw incomplete('user', ['user_options'], 'update');
    if (new Set(wanted.map(({ name }) => name)).size < wanted.length) throw rejected('An option is named twice.');
    return {
      object: systemObject,
      event: eventOf(2032, 'USER_UPDATE_PROFILE', 'changed'),
      statement: (values) => {
        const rows = values.add(JSON.stringify(wanted));
        return [
          ['done', `select user_id::text as id, username as name from users where user_id = ${values.add(id)}`],
          [
            'along',
            `insert into user_profiles (user_id, property_type, property_name, property_content)
             select done.id::uuid, 'JSON', w.name, w.content from done, jsonb_to_recordset(${rows}::jsonb) as w (name text, content text)
             on conflict (user_id, property_type, property_name) do update set property_content = excluded.property_content`,
          ],
        ];
      },
    };
  },
};

const eventOf = (code: number, name: string, done: string): Work['event'] => ({
  code,
  name,
  text: `The profile of a user (\${name}) was ${done} by \${user}.`,
});

const profileSpecial = (kind: Kind): Special => ({
  add: {
    permit: permits.edit_profile,
    async work(occasion) {
      await needOwn(occasion, occasion.place.parent);
      const content = contentOf(kind, occasion.entity);
      if (kind === 'SSH_PUBLIC_KEY') await needFreeKey(occasion, content);
      return {
        object: systemObject,
        event: eventOf(2030, 'USER_ADD_PROFILE', 'extended'),
        statement: (values) => [
          [
            'done',
            `insert into user_profiles (user_id, property_type, property_name, property_content)
           select ${values.add(occasion.place.parent)}, ${values.add(kind)}, ${
             kind === 'JSON' ? values.add(textOf(occasion.entity, 'name')) : 'gen_random_uuid()::text'
           }, ${values.add(content)} returning property_id::text as id, property_type::text as name`,
          ],
        ],
      };
    },
  },
  update: {
    permit: permits.edit_profile,
    async work(occasion) {
      await needOwn(occasion, occasion.place.parent);
      const content = contentOf(kind, kind === 'JSON' ? { name: 'kept', ...occasion.entity } : occasion.entity);
      if (kind === 'SSH_PUBLIC_KEY') await needFreeKey(occasion, content);
      return {
        object: systemObject,
        event: eventOf(2032, 'USER_UPDATE_PROFILE', 'changed'),
        statement: (values) => [
          [
            'done',
            `update user_profiles set property_content = ${values.add(content)}
           where property_id = ${values.add(occasion.id)} and user_id = ${values.add(occasion.place.parent)}
           returning property_id::text as id, property_type::text as name`,
          ],
        ],
      };
    },
  },
  remove: {
    permit: permits.edit_profile,
    async work(occasion) {
      await needOwn(occasion, occasion.place.parent);
      return {
        object: systemObject,
        event: eventOf(2034, 'USER_REMOVE_PROFILE', 'cut'),
        statement: (values) => [
          [
            'done',
            `delete from user_profiles where property_id = ${values.add(occasion.id)} and user_id = ${values.add(occasion.place.parent)}
           returning property_id::text as id, property_type::text as name`,
          ],
        ],
      };
    },
  },
});

const profile = (kind: Kind): Pick<Collection, 'below' | 'from' | 'id' | 'columns' | 'order' | 'sight' | 'own' | 'special'> => ({
  below: { rel: 'users', condition: 't.user_id = $parent' },
  from: `(select * from user_profiles where property_type = '${kind}') t`,
  id: 't.property_id',
  columns: 't.user_id, t.property_name, t.property_content',
  order: 't.property_name, t.property_id',
  sight: 'administrators',
  own: 't.user_id = $user',
  special: profileSpecial(kind),
});

export const sshPublicKeys: Collection = {
  ...profile('SSH_PUBLIC_KEY'),
  rel: 'sshpublickeys',
  type: 'ssh_public_key',
  about: 'Keys with which a user reaches serial consoles.',
  describe: (row) => ({ content: String(row['property_content']), user: reference('users', row['user_id']) }),
  search: { content: { sql: 't.property_content', as: 'text' } },
  words: ['content'],
};

export const userOptions: Collection = {
  ...profile('JSON'),
  rel: 'options',
  type: 'user_option',
  about: 'Settings that portals keep for a user, as JSON.',
  describe: (row) => ({
    name: String(row['property_name']),
    content: String(row['property_content']),
    user: reference('users', row['user_id']),
  }),
  search: { name: { sql: 't.property_name', as: 'text' } },
  words: ['name'],
};
