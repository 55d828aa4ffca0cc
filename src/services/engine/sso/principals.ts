import type { Database } from '../../frame/database.ts';

/** The only profile there is, and the authorization extension behind it. */
export const internal = { profile: 'internal', authz: 'internal-authz' } as const;

/** A user who may log in. */
export interface Principal {
  readonly userId: string;
  /** The id the directory knows the user by. */
  readonly externalId: string;
  readonly username: string;
  readonly domain: string;
  readonly namespace: string;
  readonly administrator: boolean;
}

/** The name people log in with: `admin@internal`. */
export const loginName = (principal: Principal): string => `${principal.username}@${internal.profile}`;

/**
 * Permissions of a user, by itself and by way of groups. Those of everybody are no reason to let somebody in. An array, since the
 * database looks up its members in an index, and does not for a condition with `or`.
 */
const ofUserOrGroup = `p.ad_element_id = any(array(
      select u.user_id union all select g.group_id from user_groups g where g.user_id = u.user_id))`;

/** Columns and tables of a principal, for queries that add their own conditions on `u`. */
export const principalSql = {
  columns: `u.user_id as "userId", u.external_id as "externalId", u.username, u.domain, u.namespace,
    exists (select from permissions p join roles r on r.id = p.role_id
            where ${ofUserOrGroup} and r.role_type = 1) as administrator`,
  // Joining the account ends the sessions of a user at the moment the account is disabled, removed, or no longer valid.
  tables: `users u join aaa_jdbc.users account on account.uuid::text = u.external_id and account.disabled = 0
    and now() between account.valid_from and account.valid_to`,
  // Without any role there is nothing to log in for.
  condition: `u.domain = '${internal.authz}' and exists (select from permissions p where ${ofUserOrGroup})`,
} as const;

const select = `select ${principalSql.columns} from ${principalSql.tables} where ${principalSql.condition}`;

/** Takes over what the directory says about an account, its groups above all. */
export async function learnUser(database: Database, accountId: string): Promise<void> {
  await database.query('select learn_directory_user($1)', [accountId]);
}

/** The user behind an account of the internal directory, or null when no role was given to it. */
export async function principalOfAccount(database: Database, accountId: string): Promise<Principal | null> {
  const [found] = await database.query<Principal>(`${select} and u.external_id = $1`, [accountId]);
  return found ?? null;
}

/** The user with an id of the engine, or null when it may not log in (any more) with the password whose stored form is given. */
export async function principalByPassword(database: Database, userId: string, storedPassword: string): Promise<Principal | null> {
  const [found] = await database.query<Principal>(
    `${select} and u.user_id = $1 and account.password = $2 and account.nopasswd = 0 and account.password_valid_to > now()`,
    [userId, storedPassword],
  );
  return found ?? null;
}
