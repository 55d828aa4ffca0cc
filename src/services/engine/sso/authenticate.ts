import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import type { Audit } from '../audit.ts';
import { findAccount } from './accounts.ts';
import { dummyHash, matchesHash } from './password-hash.ts';
import { internal, type Principal, principalOfAccount } from './principals.ts';
import { createWorkLimit } from './work-limit.ts';

export interface Attempt {
  /** `name@profile`, split at the last `@`. */
  readonly user: string;
  readonly password: string;
  readonly source: string;
  readonly correlationId: string | null;
}

export type Outcome = { readonly principal: Principal } | { readonly refusal: string };

/** Checks a user's password. Refusals hold a text for the user; a full queue is thrown as a 503. */
export type Authenticate = (attempt: Attempt) => Promise<Outcome>;

/** One text for a wrong name, a wrong profile and a wrong password, so that it tells nothing about which accounts exist. */
export const wrongCredentials = 'The user name or the password is wrong.';

const longestName = 255;
const longestPassword = 1024;

export interface AuthenticateParts {
  readonly database: Database;
  readonly audit: Audit;
  readonly log: Log;
  readonly now: () => number;
}

/** Makes the check of passwords, shared by the login form, the token grant and HTTP Basic so that they share its limit. */
export function createAuthenticate({ database, audit, log, now }: AuthenticateParts): Authenticate {
  const limited = createWorkLimit(4, 32);

  async function check({ user, password }: Attempt): Promise<Outcome> {
    const { name, profile } = splitUser(user);
    // Names with control characters cannot exist, and the database would not take all of them.
    const plausible = profile === internal.profile && name !== '' && name.length <= longestName && !/\p{Cc}/u.test(name);
    const account = await findAccount(database, plausible ? name : '');
    const checkable = password.length <= longestPassword ? password : '';
    const matches = await limited(() => matchesHash(account?.passwordHash ?? dummyHash, checkable)).catch(async (error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      log.error('an account cannot be used', { account: account?.id, ...errorFields(error) });
      return limited(() => matchesHash(dummyHash, checkable));
    });
    // Reasons are given only to whoever knows the password.
    if (!matches || account === null || checkable === '') return { refusal: wrongCredentials };
    if (account.disabled) return { refusal: 'The account is disabled.' };
    if (account.passwordValidTo.getTime() <= now()) return { refusal: 'The password has expired.' };
    const principal = await principalOfAccount(database, account.id);
    return principal === null ? { refusal: 'The account has no role, so it may not log in.' } : { principal };
  }

  return async (attempt) => {
    const outcome = await check(attempt);
    const { user: userName, source, correlationId } = attempt;
    const known = 'principal' in outcome;
    await audit({
      event: known ? 'login' : 'loginFailed',
      userName,
      userId: known ? outcome.principal.userId : null,
      source,
      correlationId,
    });
    return outcome;
  };
}

function splitUser(user: string): { name: string; profile: string } {
  const at = user.lastIndexOf('@');
  return at === -1 ? { name: user, profile: '' } : { name: user.slice(0, at), profile: user.slice(at + 1) };
}
