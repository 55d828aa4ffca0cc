import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import { barOf } from './accounts.ts';
import { flawsOf, readPolicy } from './password-policy.ts';
import { never, storePassword, wasUsed } from './password-store.ts';
import { principalOfAccount } from './principals.ts';
import type { Sessions } from './sessions.ts';
import type { Attempt, Refused, Verify } from './verify.ts';

/** Done, or what is wrong with the new password, or why nothing may be changed at all. */
export type Changed = { readonly done: true } | { readonly flaws: readonly string[] } | Refused;

/** Replaces the password of somebody who knows the present one, though it may have expired. */
export type ChangePassword = (attempt: Attempt, wanted: string) => Promise<Changed>;

export interface ChangePasswordParts {
  readonly verify: Verify;
  readonly database: Database;
  readonly sessions: Sessions;
  readonly log: Log;
  readonly now: () => number;
}

const dayMs = 86_400_000;

/** Makes the change of passwords. It ends all sessions of the user: the old password may have been changed because it was known. */
export function createChangePassword({ verify, database, sessions, log, now }: ChangePasswordParts): ChangePassword {
  return (attempt, wanted) =>
    verify<{ done: true } | { flaws: readonly string[] }>(attempt, async (account) => {
      const policy = await readPolicy(database);
      const bar = barOf(account, now());
      if (bar !== null) return { refusal: bar };
      if (account.passwordValidTo.getTime() <= now() && !policy.expiredMayBeChanged) {
        return { refusal: 'The password has expired, and only an administrator can set a new one.' };
      }
      const flaws = flawsOf(wanted, policy);
      if (flaws.length > 0) return { flaws };
      if (await wasUsed(database, account.id, wanted, policy.history)) return { flaws: ['The password was used before.'] };

      const validTo = policy.days > 0 ? new Date(now() + policy.days * dayMs) : never;
      await storePassword(database, { accountId: account.id, password: wanted, validTo, history: policy.history, now: now() });
      const principal = await principalOfAccount(database, account.id);
      if (principal !== null) await sessions.endOfUser(principal.userId);
      log.info('a password was changed by its owner', { account: account.id, source: attempt.source });
      return { done: true };
    });
}
