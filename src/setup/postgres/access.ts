import { type DatabaseAddress, type HostReader, type Problem, type Sql, message } from '#kit';
import type { HbaRecord } from './hba.ts';
import { type Knowledge, openDoors } from './hba-decide.ts';
import { type HbaRules, readHba } from './hba-files.ts';

/*
 * Who else gets into a database: what the administrator of its server can see, and nobody else.
 */

interface Rules extends HbaRules {
  readonly path: string;
}

/** The access rules as the server has them on its disk. */
async function rulesOf(sql: Sql): Promise<Rules> {
  const [found] = await sql.rows<{ path: string }>("select current_setting('hba_file') as path");
  const path = found?.path ?? '';
  const rules = await readHba(path, {
    text: async (file) => {
      const [row] = await sql.rows<{ text: string | null }>('select pg_read_file($1, 0, 1048576, true) as text', [file]);
      return row?.text ?? undefined;
    },
    list: async (folder) => {
      const rows = await sql.rows<{ name: string }>('select pg_ls_dir($1, true, false) as name', [folder]);
      return rows.map(({ name }) => name);
    },
  });
  return { ...rules, path };
}

/** Who is a member of which roles, over however many others. */
async function membersOf(sql: Sql): Promise<NonNullable<Knowledge['isMember']>> {
  const rows = await sql.rows<{ member: string; group: string }>(
    'select m.rolname as member, g.rolname as "group" from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid',
  );
  const isMember = (user: string, group: string): boolean =>
    rows.some((row) => row.member === user && (row.group === group || isMember(row.group, group)));
  return isMember;
}

/** Where a rule stands. */
const placeOf = ({ file, line }: HbaRecord, path: string): string => `${file ?? path}:${line}`;

/** Rules that let somebody into a database without a password: its owner, or an administrator, whom nothing is closed to. */
export function openRules(
  { records, path }: { readonly records: readonly HbaRecord[]; readonly path: string },
  on: { readonly database: string; readonly owner: string; readonly superusers: readonly string[] },
  known: Knowledge = {},
): readonly Problem[] {
  const users = [...new Set([on.owner, ...on.superusers])];
  const doors = users.flatMap((user) => openDoors(records, { database: on.database, user }, known).map((record) => ({ record, user })));
  const all = [...new Set(doors.map(({ record }) => record))];
  return all.map((record) => {
    const who = doors.filter((door) => door.record === record).map(({ user }) => user);
    return {
      id: 'trust-access',
      level: 'warning',
      message: message`${placeOf(record, path)} lets everybody who comes that way into the database ${on.database} as ${who.join(', ')}, without a password`,
      remedy: message`Write scram-sha-256, or peer for local connections, instead of trust there.`,
    };
  });
}

/** Everything that is amiss with the access to a database. Throws DatabaseUnavailable. */
export async function judgeAccess(
  host: Pick<HostReader, 'database'>,
  admin: DatabaseAddress,
  at: DatabaseAddress,
): Promise<readonly Problem[]> {
  return host.database.look(admin, async (sql) => {
    const rules = await rulesOf(sql);
    const isMember = await membersOf(sql);
    const roles = await sql.rows<{ name: string; superuser: boolean; md5: boolean }>(
      "select rolname as name, rolsuper as superuser, coalesce(rolpassword like 'md5%', false) as md5 from pg_authid where rolcanlogin",
    );
    const flaws = rules.flaws.map(({ file, line, text }): Problem => ({
      id: 'access-rules',
      level: 'error',
      message: message`${file ?? rules.path}:${line}: ${text}; the server keeps the rules that it has, and cannot start with these`,
    }));
    const superusers = roles.filter(({ superuser }) => superuser).map(({ name }) => name);
    const md5 = roles.filter(({ name, md5: old }) => old && name === at.user);
    return [
      ...flaws,
      ...openRules(rules, { database: at.name, owner: at.user, superusers }, { isMember }),
      ...md5.map(({ name }): Problem => ({
        id: 'md5-verifier',
        level: 'warning',
        message: message`The password of the role ${name} is kept as MD5, which can be guessed fast`,
        remedy: message`Set it anew while password_encryption is scram-sha-256: psql -c '\\password ${name}'`,
      })),
    ];
  });
}
