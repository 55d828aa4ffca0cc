import type { Database } from '../../frame/database.ts';
import type { Audit } from '../audit.ts';
import { barOf, noteSuccess } from './accounts.ts';
import { readPolicy } from './password-policy.ts';
import { learnUser, type Principal, principalOfAccount } from './principals.ts';
import type { Attempt, Refused, Verify } from './verify.ts';

export type Outcome = Proven | Refused;

/** Whose password was right. */
export interface Proven {
  readonly principal: Principal;
  /** The stored form of the password: what was proven holds for as long as this is the one. */
  readonly storedPassword: string;
}

/** Checks a user's password. Refusals hold a text for the user; a full queue is thrown as a 429 or 503. */
export type Authenticate = (attempt: Attempt) => Promise<Outcome>;

export interface AuthenticateParts {
  readonly verify: Verify;
  readonly database: Database;
  readonly audit: Audit;
  readonly now: () => number;
}

/** Makes the way to log in with a password, for the login form, the token grants and HTTP Basic. */
export function createAuthenticate({ verify, database, audit, now }: AuthenticateParts): Authenticate {
  return async (attempt) => {
    // Reasons are given only to whoever knows the password.
    const outcome: Outcome = await verify<Proven>(attempt, async (account) => {
      const bar = barOf(account, now());
      if (bar !== null) return { refusal: bar };
      if (account.passwordValidTo.getTime() <= now()) {
        return { refusal: 'The password has expired.', expired: (await readPolicy(database)).expiredMayBeChanged };
      }
      await learnUser(database, account.id);
      const principal = await principalOfAccount(database, account.id);
      if (principal === null) return { refusal: 'The account has no role, so it may not log in.' };
      await noteSuccess(database, account.id, now());
      return { principal, storedPassword: account.passwordHash };
    });
    if ('principal' in outcome) {
      const { user, source, correlationId } = attempt;
      await audit({ event: 'login', userName: user, userId: outcome.principal.userId, source, correlationId });
    }
    return outcome;
  };
}
