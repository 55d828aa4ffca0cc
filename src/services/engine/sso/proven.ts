import { createCredentialDigest, type Credentials } from './credential-digest.ts';

/** Which credentials were right not long ago. They are checked all the same; only nobody's failures are in their way. */
export interface Proven {
  add(credentials: Credentials): void;
  has(credentials: Credentials): boolean;
}

const keepMs = 3_600_000;
const most = 1_000;

/** Makes the memory, of digests only. */
export function createProven(now: () => number): Proven {
  const digest = createCredentialDigest();
  const until = new Map<string, number>();
  return {
    add(credentials) {
      const key = digest(credentials);
      until.delete(key);
      until.set(key, now() + keepMs);
      for (const [oldest, end] of until) {
        if (until.size <= most && end > now()) break;
        until.delete(oldest);
      }
    },
    has: (credentials) => (until.get(digest(credentials)) ?? 0) > now(),
  };
}
