import type { BasicCredentials } from '../http/basic-credentials.ts';
import { createCredentialDigest } from '../sso/credential-digest.ts';

/** Remembers for a short time whose some credentials were. */
export type BasicMemory = (credentials: BasicCredentials, check: () => Promise<string | null>) => Promise<string | null>;

const keepMs = 60_000;
const most = 1_000;

/**
 * Clients with HTTP Basic send the password with every request, and checking it is slow on purpose. So the outcome of
 * a successful check is kept for a minute under a digest whose key is in no other place than this process; the same
 * credentials that come while they are being checked wait for that check.
 *
 * `check` returns the id of the user, or null, which is not remembered.
 */
export function createBasicMemory(now: () => number): BasicMemory {
  const digestOf = createCredentialDigest();
  const known = new Map<string, { userId: string; until: number }>();
  const running = new Map<string, Promise<string | null>>();

  return async (credentials, check) => {
    const digest = digestOf(credentials);
    const found = known.get(digest);
    if (found !== undefined && found.until > now()) return found.userId;
    known.delete(digest);

    const earlier = running.get(digest);
    if (earlier !== undefined) return earlier;
    const result = check().finally(() => running.delete(digest));
    running.set(digest, result);
    const userId = await result;
    if (userId !== null) {
      const oldest = known.keys().next();
      if (known.size >= most && oldest.done !== true) known.delete(oldest.value);
      known.set(digest, { userId, until: now() + keepMs });
    }
    return userId;
  };
}
