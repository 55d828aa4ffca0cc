import { SetupError, type Sql, type Step, type View, message } from '#kit';
import { command, lookOr, rows } from '#steps';
import { hashPassword, matchesHash } from '../../src/setup/pki/password-hash.ts';
import { engineDatabase } from '../database/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { adminPassword, postInstall } from './settings.ts';

const inside = ['database/initdb', 'database/engine'];

const storedHash = async (sql: Sql): Promise<string | undefined> =>
  (await sql.rows<{ password: string | null }>("select password from aaa_jdbc.users where name = 'admin'"))[0]?.password ?? undefined;

/** The administrator in the internal directory, known to the engine as super user. */
function account(view: View): Step {
  return rows(
    {
      id: 'engine/admin-user',
      chapter: 'engine.admin',
      title: 'Creating internal user admin',
      quiet: true,
      needs: ['engine/schema', 'engine/directory-schema'],
      inside,
    },
    {
      at: engineDatabase(view),
      note: 'admin@internal',
      isRight: async (sql) => {
        const found = await sql.rows(
          "select 1 from aaa_jdbc.users a join public.users u on u.external_id = a.uuid::text where a.name = 'admin' and u.domain = 'internal-authz'",
        );
        return found.length === 1;
      },
      statements: () => {
        if (view.find(adminPassword) === undefined) {
          throw new SetupError('failed', 'The database has no administrator any more, and there is no password for a new one', {
            remedy: message`Bring the database back from a backup. To begin anew, remove ${view.fact(realRoot)}${postInstall}.`,
          });
        }
        return [
          {
            text: "insert into aaa_jdbc.users (uuid, name, password, password_valid_to) select gen_random_uuid(), 'admin', '', now() where not exists (select 1 from aaa_jdbc.users where name = 'admin')",
          },
          {
            text: "insert into aaa_jdbc.user_attributes (user_id, name, value) select id, 'firstName', 'admin' from aaa_jdbc.users u where name = 'admin' and not exists (select 1 from aaa_jdbc.user_attributes a where a.user_id = u.id and a.name = 'firstName')",
          },
          {
            text: "select attach_user_to_role('admin', 'internal-authz', '*', (select uuid::text from aaa_jdbc.users where name = 'admin'), 'SuperUser')",
          },
        ];
      },
      undo: () => [
        {
          text: "delete from public.users where domain = 'internal-authz' and external_id = (select uuid::text from aaa_jdbc.users where name = 'admin')",
        },
        { text: "delete from aaa_jdbc.users where name = 'admin'" },
      ],
    },
  );
}

/** The administrator's password. Only its scrypt hash goes into the database. Not part of a run that was not given one. */
function password(view: View): readonly Step[] {
  const wanted = view.find(adminPassword);
  if (wanted === undefined) return [];
  const at = engineDatabase(view);
  return [
    command(
      {
        id: 'engine/admin-password',
        chapter: 'engine.admin',
        title: 'Setting a password for internal user admin',
        needs: ['engine/admin-user'],
        inside: [...inside, 'engine/admin-user'],
      },
      {
        look: async (host) => {
          const stored = await lookOr<string | undefined>(host, at, undefined, storedHash);
          return (await matchesHash(stored, wanted, host.crypto)) ? { kind: 'none' } : { kind: 'update', note: 'admin@internal' };
        },
        async run(host) {
          const hash = await hashPassword(wanted, host.crypto);
          const text =
            "update aaa_jdbc.users set password = $1, password_valid_to = now() + interval '73000 days', disabled = 0 where name = 'admin'";
          await host.database.change(at, (sql) => sql.atomically([{ text, values: [hash] }]));
        },
        undo: { never: 'the former password of admin is not kept anywhere' },
      },
    ),
  ];
}

/** The administrator, as steps. */
export const administrator = (view: View): readonly Step[] => [account(view), ...password(view)];
