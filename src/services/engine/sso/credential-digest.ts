import { createHmac, randomBytes } from 'node:crypto';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Makes digests of names and passwords under a key that is in no other place than this process. */
export function createCredentialDigest(): (credentials: Credentials) => string {
  const key = randomBytes(32);
  return ({ user, password }) =>
    createHmac('sha256', key)
      .update(JSON.stringify([user, password]))
      .digest('base64');
}
