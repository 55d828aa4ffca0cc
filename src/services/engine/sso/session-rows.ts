import type { Database } from '../../frame/database.ts';
import { internal } from './principals.ts';

/*
 * Conditions on rows `s` of `sso_sessions`. The first value of a statement with them is the present time.
 */

/** A token that waits for its code longer than any code lives. */
export const forgotten = `(s.kind = 'pending' and s.created_at < $1::timestamptz - interval '5 minutes')`;
const inTime = (row: string): string => `${row}.valid_to > $1 and ${row}.last_used_at + ${row}.idle_seconds * interval '1 second' > $1`;
/** A token ends with the session it was made from, also before housekeeping has removed them. */
export const alive = `${inTime('s')} and (s.parent_digest is null
  or exists (select from sso_sessions parent where parent.token_digest = s.parent_digest and ${inTime('parent')}))`;
/** What somebody began with a password. Tokens made from a session, and those of programs that act for a user, are no logins. */
export const isLogin = `s.kind in ('session', 'token') and s.parent_digest is null and s.client_id is null`;

/** Ends the sessions of whoever the engine knows by this account, for `Sessions` and for programs that have none. */
export async function endSessionsOfAccount(database: Database, accountId: string): Promise<void> {
  await database.query(
    'delete from public.sso_sessions where user_id in (select user_id from public.users where domain = $1 and external_id = $2)',
    [internal.authz, accountId],
  );
}
