import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Fault } from '../http/fault.ts';
import type { EngineSso } from './engine-sso.ts';

/** Lets in whoever is the one user that may use the provider. */
export interface Door {
  /** Signs in with a name and a password, and returns the token. Throws faults: 401 for wrong ones, 403 for another user. */
  signIn(user: string, password: string): Promise<string>;
  /** Returns for a token that is alive and of the right user; throws a fault of 401 or 403 otherwise. */
  admit(token: string | undefined): Promise<void>;
}

/** A token that was right is asked for again after so long: somebody who signs out is out after that. */
const rememberedMs = 5_000;
const mostRemembered = 1_000;
const longestToken = 1_024;

const unauthorized = (): Fault =>
  new Fault(401, 'A token of the engine is needed in the header X-Auth-Token, and this is none, or it has ended.');
const forbidden = (): Fault => new Fault(403, 'This user may not use the provider.');

export function createDoor(sso: EngineSso, permitted: string, now: () => number): Door {
  const key = randomBytes(32);
  const digestOf = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const wanted = digestOf(permitted);
  /** Until when a token is taken for right, by a keyed digest of it: nobody who reads our memory has the token. */
  const remembered = new Map<string, number>();
  /** Questions under way: many requests with one token ask the engine once. */
  const asked = new Map<string, Promise<void>>();

  const isPermitted = (user: string): boolean => timingSafeEqual(digestOf(user), wanted);

  async function ask(token: string, digest: string): Promise<void> {
    const user = await sso.userOf(token);
    if (user === null) throw unauthorized();
    if (!isPermitted(user)) throw forbidden();
    remembered.delete(digest);
    const [oldest] = remembered.keys();
    if (remembered.size >= mostRemembered && oldest !== undefined) remembered.delete(oldest);
    remembered.set(digest, now() + rememberedMs);
  }

  return {
    async signIn(user, password) {
      const token = await sso.signIn(user, password);
      if (token === null) throw new Fault(401, 'The name or the password is wrong.');
      const proven = await sso.userOf(token);
      if (proven !== null && isPermitted(proven)) return token;
      await sso.signOut(token).catch(() => undefined);
      throw forbidden();
    },
    async admit(token) {
      if (token === undefined || token === '' || token.length > longestToken) throw unauthorized();
      const digest = digestOf(token).toString('base64');
      if ((remembered.get(digest) ?? 0) > now()) return;
      let question = asked.get(digest);
      if (question === undefined) {
        question = ask(token, digest).finally(() => asked.delete(digest));
        asked.set(digest, question);
      }
      await question;
    },
  };
}
