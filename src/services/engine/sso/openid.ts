import { readFile } from 'node:fs/promises';
import type { Database } from '../../frame/database.ts';
import { fromFirstPem } from '../pki/pem.ts';
import { readAttributes } from './accounts.ts';
import { createSigningKey, type SigningKey } from './jws.ts';
import { loginName } from './principals.ts';
import type { StoredSession } from './sessions.ts';

/** What OpenID adds to OAuth: tokens that say who somebody is, and can be verified without asking back. */
export interface OpenId {
  /** Who issues them: the address of the engine without a path. */
  readonly issuer: string;
  /** The signing key. Read once; throws when the configuration names none. */
  key(): Promise<SigningKey>;
  /** Says to a client who logged in. */
  idToken(session: StoredSession, clientId: string, nonce: string | null): Promise<string>;
  /** What a client may know about a user. */
  claims(session: StoredSession): Promise<Readonly<Record<string, unknown>>>;
}

export interface OpenIdParts {
  readonly database: Database;
  readonly issuer: string;
  /** The file of the engine's private key; null where there is none. */
  readonly keyFile: string | null;
  readonly now: () => number;
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
/** A client looks at it once, right after the login. */
const idTokenMs = 300_000;

/** Makes it. Tokens are signed with RS256 and the engine's own key. */
export function createOpenId({ database, issuer, keyFile, now }: OpenIdParts): OpenId {
  let read: Promise<SigningKey> | null = null;

  async function readKey(): Promise<SigningKey> {
    if (keyFile === null) throw new Error('ENGINE_PKI_ENGINE_KEY names no key, so no token can be signed');
    return createSigningKey(fromFirstPem(await readFile(keyFile, 'utf8'), keyFile));
  }

  async function claims({ principal, createdAt }: StoredSession): Promise<Readonly<Record<string, unknown>>> {
    const { firstName, lastName, email } = await readAttributes(database, principal.externalId);
    return {
      iss: issuer,
      sub: principal.externalId,
      preferred_username: loginName(principal),
      given_name: firstName ?? undefined,
      family_name: lastName ?? undefined,
      email: email ?? undefined,
      auth_time: seconds(createdAt.getTime()),
      acr: '0',
    };
  }

  const openId: OpenId = {
    issuer,
    key() {
      // A failure is not kept: the file may be there the next time.
      read ??= readKey().catch((error: unknown) => {
        read = null;
        throw error;
      });
      return read;
    },
    claims,
    async idToken(session, clientId, nonce) {
      const issued = now();
      return (await openId.key()).sign({
        ...(await claims(session)),
        aud: clientId,
        iat: seconds(issued),
        exp: seconds(Math.min(issued + idTokenMs, session.validTo.getTime())),
        nonce: nonce ?? undefined,
      });
    },
  };
  return openId;
}
