import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import { barOf } from './accounts.ts';
import { flawsOf, readPolicy } from './password-policy.ts';
import { never, storePassword, wasUsed } from './password-store.ts';
import { networkOf } from './network.ts';
import { createPasswordQueue } from './password-queue.ts';
import type { Sessions } from './sessions.ts';
import { type Attempt, type Refused, type Verify, wrongCredentials } from './verify.ts';

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
  // Each change costs several hashes. The turn that checked the present password is over by then, so these wait in a line of their own.
  const queued = createPasswordQueue({ atOnce: 1, waiting: 16, perSource: { atOnce: 1, waiting: 4 } });
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
      const validTo = policy.days > 0 ? new Date(now() + policy.days * dayMs) : never;
      const stored = await queued({ source: networkOf(attempt.source), name: account.id }, async () => {
        if (await wasUsed(database, account.id, wanted, policy.history)) return null;
        const former = account.passwordHash;
        return storePassword(database, { accountId: account.id, password: wanted, validTo, history: policy.history, now: now(), former });
      });
      if (stored === null) return { flaws: ['The password was used before.'] };
      // Somebody else has changed it meanwhile, an administrator perhaps: what was proven is no longer so.
      if (!stored) return { refusal: wrongCredentials };
      await sessions.endOfAccount(account.id);
      log.info('a password was changed by its owner', { account: account.id, source: attempt.source });
      return { done: true };
    });
}
