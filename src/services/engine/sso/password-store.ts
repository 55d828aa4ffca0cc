import type { Database } from '../../frame/database.ts';
import { hashPassword, matchesHash } from './password-hash.ts';

/** What stands for no end in the tables of the directory. */
export const never = new Date('9999-12-31T00:00:00Z');

/** Whether a password is the present one of an account or one of its last `history` former ones. */
export async function wasUsed(database: Database, accountId: string, password: string, history: number): Promise<boolean> {
  const rows = await database.query<{ hash: string }>(
    `(select password as hash from aaa_jdbc.users where uuid::text = $1)
     union all
     (select h.password from aaa_jdbc.user_password_history h join aaa_jdbc.users u on u.id = h.user_id
      where u.uuid::text = $1 order by h.changed desc, h.id desc limit $2)`,
    [accountId, Math.max(history, 0)],
  );
  // One after the other: each takes a tenth of a second of a processor.
  for (const { hash } of rows) if (await matchesHash(hash, password).catch(() => false)) return true;
  return false;
}

/**
 * Gives an account a new password, remembers `history` former ones, and takes a lock away. With `former`, only if that is still
 * the stored form of the present one. Returns whether it was done.
 */
export async function storePassword(
  database: Database,
  {
    accountId,
    password,
    validTo,
    history,
    now,
    former,
  }: { accountId: string; password: string; validTo: Date; history: number; now: number; former?: string },
): Promise<boolean> {
  const stored = await database.query(
    `with old as (select id, password from aaa_jdbc.users where uuid::text = $1 and ($5::text is null or password = $5)),
       kept as (insert into aaa_jdbc.user_password_history (user_id, password, changed) select id, password, $4 from old where password <> '')
     update aaa_jdbc.users set password = $2, password_valid_to = $3, nopasswd = 0, consecutive_failures = 0, unlock_time = 'epoch'
     where uuid::text = $1 and ($5::text is null or password = $5) returning id`,
    [accountId, await hashPassword(password), validTo, new Date(now), former ?? null],
  );
  if (stored.length === 0) return false;
  await database.query(
    `delete from aaa_jdbc.user_password_history where id in (
       select h.id from aaa_jdbc.user_password_history h join aaa_jdbc.users u on u.id = h.user_id
       where u.uuid::text = $1 order by h.changed desc, h.id desc offset $2)`,
    [accountId, Math.max(history, 0)],
  );
  return true;
}
