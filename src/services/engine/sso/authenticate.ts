import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import type { Audit } from '../audit.ts';
import { Refusal } from '../http/refusal.ts';
import { type Account, findAccount } from './accounts.ts';
import { networkOf } from './network.ts';
import { dummyHash, matchesHash } from './password-hash.ts';
import { createPasswordQueue } from './password-queue.ts';
import { createPatience } from './patience.ts';
import { internal, type Principal, principalOfAccount } from './principals.ts';
import { createProven } from './proven.ts';

export interface Attempt {
  /** `name@profile`, split at the last `@`. */
  readonly user: string;
  readonly password: string;
  readonly source: string;
  readonly correlationId: string | null;
}

export type Outcome = { readonly principal: Principal } | { readonly refusal: string };

/** Checks a user's password. Refusals hold a text for the user; a full queue is thrown as a 429 or 503. */
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
  readonly sleep: (ms: number) => Promise<unknown>;
}

/**
 * Makes the check of passwords, shared by the login form, the token grant and HTTP Basic so that they share its limits.
 *
 * Anybody may try passwords, and a check costs a tenth of a second of a processor; yet nobody who tries wrong ones may keep
 * out who knows the right one, not even from the same address (all clients of a trial share 127.0.0.1) or with the same
 * name. So nothing here refuses an attempt because of earlier failures, neither of a name nor of a source:
 * - Each source has its share of the queue, and user names take turns in it; a flood displaces its own attempts.
 * - After some failures a source gets the answers to further failures late, and refusals of the queue as well. Who has a
 *   number of connections can thereby try only so often, which leaves turns to others; the answer to success is never late.
 * - Credentials that were right within the last hour queue by themselves, whatever their source. Only who knows them can.
 *   (And those of HTTP Basic come here once a minute only: see createBasicMemory.)
 */
export function createAuthenticate({ database, audit, log, now, sleep }: AuthenticateParts): Authenticate {
  const queued = createPasswordQueue({ atOnce: 4, waiting: 64, perSource: { atOnce: 2, waiting: 16 } });
  const patience = createPatience(now);
  const proven = createProven(now);

  /** The account, if the password is the right one. */
  async function open(name: string, password: string): Promise<Account | null> {
    const account = await findAccount(database, name);
    const matches = await matchesHash(account?.passwordHash ?? dummyHash, password).catch(async (error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      log.error('an account cannot be used', { account: account?.id, ...errorFields(error) });
      return matchesHash(dummyHash, password);
    });
    return matches && password !== '' ? account : null;
  }

  async function check({ user, password }: Attempt, source: string): Promise<Outcome> {
    const { name, profile } = splitUser(user);
    // Names with control characters cannot exist, and the database would not take all of them.
    const plausible = profile === internal.profile && name !== '' && name.length <= longestName && !/\p{Cc}/u.test(name);
    const checkable = password.length <= longestPassword ? password : '';
    const asker = proven.has({ user, password }) ? { source: `proven ${user}`, name: user } : { source, name: user };
    const account = await queued(asker, () => open(plausible ? name : '', checkable));
    if (account === null) return { refusal: wrongCredentials };
    // Reasons are given only to whoever knows the password.
    if (account.disabled) return { refusal: 'The account is disabled.' };
    if (account.passwordValidTo.getTime() <= now()) return { refusal: 'The password has expired.' };
    const principal = await principalOfAccount(database, account.id);
    if (principal === null) return { refusal: 'The account has no role, so it may not log in.' };
    proven.add({ user, password });
    return { principal };
  }

  return async (attempt) => {
    const { user: userName, source, correlationId } = attempt;
    const network = networkOf(source);
    const outcome = await check(attempt, network).catch(async (error: unknown) => {
      if (error instanceof Refusal) await sleep(patience.delay(network));
      throw error;
    });
    if ('principal' in outcome) {
      await audit({ event: 'login', userName, userId: outcome.principal.userId, source, correlationId });
      return outcome;
    }
    patience.failed(network);
    await audit({ event: 'loginFailed', userName, userId: null, source, correlationId });
    await sleep(patience.delay(network));
    return outcome;
  };
}

function splitUser(user: string): { name: string; profile: string } {
  const at = user.lastIndexOf('@');
  return at === -1 ? { name: user, profile: '' } : { name: user.slice(0, at), profile: user.slice(at + 1) };
}
