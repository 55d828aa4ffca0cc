import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import type { Audit } from '../audit.ts';
import { Refusal } from '../http/refusal.ts';
import { type Account, findAccount, noteFailure } from './accounts.ts';
import { networkOf } from './network.ts';
import { dummyHash, matchesHash } from './password-hash.ts';
import { createPasswordQueue } from './password-queue.ts';
import { createPatience } from './patience.ts';
import { internal } from './principals.ts';
import { createProven } from './proven.ts';

export interface Attempt {
  /** `name@profile`, split at the last `@`. */
  readonly user: string;
  readonly password: string;
  readonly source: string;
  readonly correlationId: string | null;
}

/** A text for the user. */
export interface Refused {
  readonly refusal: string;
  /** Whether nothing is in the way but a password that has expired, which its owner may change. */
  readonly expired?: boolean;
}

/**
 * Checks a password, and asks `judge` about the account whose it is. Refusals count as failed logins; a full queue is thrown as
 * a 429 or 503.
 */
export type Verify = <Verdict extends object>(
  attempt: Attempt,
  judge: (account: Account) => Promise<Verdict | Refused>,
) => Promise<Verdict | Refused>;

/** One text for a wrong name, a wrong profile and a wrong password, so that it tells nothing about which accounts exist. */
export const wrongCredentials = 'The user name or the password is wrong.';

const longestName = 255;
export const longestPassword = 1024;

export interface VerifyParts {
  readonly database: Database;
  readonly audit: Audit;
  readonly log: Log;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/**
 * Makes the check of passwords, shared by all that take one so that they share its limits.
 *
 * Anybody may try passwords, and a check costs a tenth of a second of a processor; yet nobody who tries wrong ones may keep
 * out who knows the right one, not even from the same address (all clients of a trial share 127.0.0.1) or with the same
 * name. So nothing here refuses an attempt because of earlier failures, neither of a name nor of a source, unless an
 * administrator has the directory lock accounts:
 * - Each source has its share of the queue, and user names take turns in it; a flood displaces its own attempts.
 * - After some failures a source gets the answers to further failures late, and refusals of the queue as well. Who has a
 *   number of connections can thereby try only so often, which leaves turns to others; the answer to success is never late.
 * - Credentials that were right within the last hour queue by themselves, whatever their source. Only who knows them can.
 *   (And those of HTTP Basic come here once a minute only: see createBasicMemory.)
 */
export function createVerify({ database, audit, log, now, sleep }: VerifyParts): Verify {
  const queued = createPasswordQueue({ atOnce: 4, waiting: 64, perSource: { atOnce: 2, waiting: 16 } });
  const patience = createPatience(now);
  const proven = createProven(now);

  /** The account, if the password is the right one. */
  async function open(name: string, password: string): Promise<Account | null> {
    const account = await findAccount(database, name);
    const stored = account === null || account.withoutPassword ? dummyHash : account.passwordHash;
    const matches = await matchesHash(stored, password).catch(async (error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
      log.error('an account cannot be used', { account: account?.id, ...errorFields(error) });
      return matchesHash(dummyHash, password);
    });
    if (matches && password !== '') return account;
    await noteFailure(database, account?.id ?? null, now());
    return null;
  }

  async function find({ user, password }: Attempt, source: string): Promise<Account | null> {
    const { name, profile } = splitUser(user);
    // Names with control characters cannot exist, and the database would not take all of them.
    const plausible = profile === internal.profile && name !== '' && name.length <= longestName && !/\p{Cc}/u.test(name);
    const checkable = password.length <= longestPassword ? password : '';
    const asker = proven.has({ user, password }) ? { source: `proven ${user}`, name: user } : { source, name: user };
    return queued(asker, () => open(plausible ? name : '', checkable));
  }

  return async (attempt, judge) => {
    const { user, password, source, correlationId } = attempt;
    const network = networkOf(source);
    const account = await find(attempt, network).catch(async (error: unknown) => {
      if (error instanceof Refusal) await sleep(patience.delay(network));
      throw error;
    });
    const verdict = account === null ? { refusal: wrongCredentials } : await judge(account);
    if (!('refusal' in verdict)) {
      proven.add({ user, password });
      return verdict;
    }
    patience.failed(network);
    await audit({ event: 'loginFailed', userName: user, userId: null, source, correlationId });
    await sleep(patience.delay(network));
    return verdict;
  };
}

function splitUser(user: string): { name: string; profile: string } {
  const at = user.lastIndexOf('@');
  return at === -1 ? { name: user, profile: '' } : { name: user.slice(0, at), profile: user.slice(at + 1) };
}
