import type { BasicCredentials } from '../http/basic-credentials.ts';
import { createCredentialDigest } from '../sso/credential-digest.ts';

/**
 * Remembers for a short time what some credentials were good for.
 *
 * `check` returns the proof that they are right, or null, which is not remembered. `look` returns whoever the proof stands for now,
 * or null where it proves nothing any more, as after a change of the password: then the credentials are checked anew.
 */
export type BasicMemory<Proof> = <Found>(
  credentials: BasicCredentials,
  check: () => Promise<Proof | null>,
  look: (proof: Proof) => Promise<Found | null>,
) => Promise<Found | null>;

const keepMs = 60_000;
const most = 1_000;

/**
 * Clients with HTTP Basic send the password with every request, and checking it is slow on purpose. So the proof of
 * a successful check is kept for a minute under a digest whose key is in no other place than this process; the same
 * credentials that come while they are being checked wait for that check.
 */
export function createBasicMemory<Proof>(now: () => number): BasicMemory<Proof> {
  const digestOf = createCredentialDigest();
  const known = new Map<string, { proof: Proof; until: number }>();
  const running = new Map<string, Promise<Proof | null>>();

  async function prove(digest: string, check: () => Promise<Proof | null>): Promise<Proof | null> {
    const earlier = running.get(digest);
    if (earlier !== undefined) return earlier;
    const result = check().finally(() => running.delete(digest));
    running.set(digest, result);
    const proof = await result;
    if (proof !== null) {
      const oldest = known.keys().next();
      if (known.size >= most && oldest.done !== true) known.delete(oldest.value);
      known.set(digest, { proof, until: now() + keepMs });
    }
    return proof;
  }

  return async (credentials, check, look) => {
    const digest = digestOf(credentials);
    const remembered = known.get(digest);
    const found = remembered !== undefined && remembered.until > now() ? await look(remembered.proof) : null;
    if (found !== null) return found;
    known.delete(digest);
    const proof = await prove(digest, check);
    return proof === null ? null : look(proof);
  };
}
