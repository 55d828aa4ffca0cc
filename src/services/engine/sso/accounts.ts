import type { Database } from '../../frame/database.ts';
import { allowedUntil } from './login-hours.ts';

/** An account of the internal directory. */
export interface Account {
  readonly id: string;
  readonly passwordHash: string;
  readonly passwordValidTo: Date;
  readonly disabled: boolean;
  /** It has no password that anybody could log in with. */
  readonly withoutPassword: boolean;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** Locked until then, after too many failures. */
  readonly unlockTime: Date;
  /** A 0 or 1 for each half hour of a week: see allowedUntil. */
  readonly loginAllowed: string;
}

export interface Attributes {
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly email: string | null;
}

/** Looks an account up by its exact name. */
export async function findAccount(database: Database, name: string): Promise<Account | null> {
  const [found] = await database.query<Account>(
    `select uuid::text as id, password as "passwordHash", password_valid_to as "passwordValidTo", disabled <> 0 as disabled,
       (nopasswd <> 0 or password = '') as "withoutPassword", valid_from as "validFrom", valid_to as "validTo", unlock_time as "unlockTime",
       login_allowed as "loginAllowed"
     from aaa_jdbc.users where name = $1`,
    [name],
  );
  return found ?? null;
}

/**
 * Why an account may not log in now, its password aside; null when it may. In the order upstream checks.
 * The text is for its owner only: others must not learn that it exists.
 */
export function barOf(account: Account, now: number): string | null {
  if (account.disabled) return 'The account is disabled.';
  if (account.validFrom.getTime() > now) return 'The account is not valid yet.';
  if (account.validTo.getTime() <= now) return 'The account has expired.';
  if (account.unlockTime.getTime() > now) return 'The account is locked after too many failed logins. Try again later.';
  if (allowedUntil(account.loginAllowed, now) === null) return 'The account may not be used at this time of the week.';
  return null;
}

/** Notes a failed login, which locks the account when a limit is reached. Takes the same way for accounts that do not exist. */
export async function noteFailure(database: Database, accountId: string | null, now: number): Promise<void> {
  await database.query('select aaa_jdbc.note_failure($1, $2)', [accountId ?? '', new Date(now)]);
}

/** Forgets failed logins that are older than the directory wants to remember. */
export async function forgetFailures(database: Database, now: number): Promise<void> {
  await database.query(
    `delete from aaa_jdbc.failed_logins using aaa_jdbc.settings s
     where s.name = 'FAILED_LOGINS_OLD_DAYS' and s.value::integer > 0
       and minute_start < $1::timestamptz - s.value::integer * interval '1 day'`,
    [new Date(now)],
  );
}

/** Notes a login. */
export async function noteSuccess(database: Database, accountId: string, now: number): Promise<void> {
  await database.query('update aaa_jdbc.users set last_successful_login = $2, consecutive_failures = 0 where uuid::text = $1', [
    accountId,
    new Date(now),
  ]);
}

/** What the directory says about a person. */
export async function readAttributes(database: Database, accountId: string): Promise<Attributes> {
  const rows = await database.query<{ name: string; value: string }>(
    'select a.name, a.value from aaa_jdbc.user_attributes a join aaa_jdbc.users u on u.id = a.user_id where u.uuid::text = $1',
    [accountId],
  );
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  return { firstName: values.get('firstName') ?? null, lastName: values.get('lastName') ?? null, email: values.get('email') ?? null };
}

/** When a login of a user that begins now ends, however busy it is: by the rule for all, the account's own end, and its hours. */
export async function loginEnd(database: Database, userId: string | null, now: number): Promise<Date> {
  const [row] = await database.query<{ minutes: string; validTo: Date | null; week: string | null }>(
    `select s.value as minutes, a.valid_to as "validTo", a.login_allowed as week
     from aaa_jdbc.settings s left join (public.users u join aaa_jdbc.users a on a.uuid::text = u.external_id) on u.user_id = $1
     where s.name = 'MAX_LOGIN_MINUTES'`,
    [userId],
  );
  const minutes = Number(row?.minutes);
  if (!(minutes > 0)) throw new Error('the setting MAX_LOGIN_MINUTES is missing or not a positive number');
  const hours = row?.week === null || row?.week === undefined ? Infinity : (allowedUntil(row.week, now) ?? now);
  return new Date(Math.min(now + minutes * 60_000, row?.validTo?.getTime() ?? Infinity, hours));
}
