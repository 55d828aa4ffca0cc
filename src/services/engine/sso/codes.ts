import { randomBytes } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import { loginEnd } from './accounts.ts';
import { OAuthError } from './oauth-error.ts';
import { answers } from './pkce.ts';
import { seal, unseal } from './seal.ts';
import { digestOf, newToken } from './secret-token.ts';
import { familyKey, sealIntoFamily } from './token-family.ts';

const codeMs = 60_000;

export interface NewCode {
  /** The browser's session it is made from. */
  readonly sessionToken: string;
  readonly userId: string;
  readonly clientId: string;
  readonly scope: string;
  readonly redirectUri: string;
  readonly challenge: string | null;
  readonly nonce: string | null;
}

export interface Exchange {
  readonly code: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly verifier: string | null;
}

export interface Exchanged {
  readonly token: string;
  readonly scope: string;
  readonly validTo: Date;
  readonly nonce: string | null;
}

/** One-time codes, which a client gets through the browser and exchanges for a token without it. */
export interface Codes {
  issue(code: NewCode): Promise<string>;
  /** Throws an OAuthError unless everything about the code fits. Whatever does not fit uses it up. */
  exchange(exchange: Exchange): Promise<Exchanged>;
}

interface CodeRow {
  readonly tokenDigest: Buffer;
  readonly sealedToken: Buffer;
  readonly redirectUri: string;
  readonly challenge: string | null;
  readonly nonce: string | null;
  readonly validTo: Date;
}

/**
 * Makes the store. The token exists from the beginning, pending and sealed under the code, since only now the browser's session
 * is there to seal it for later (see token-family). `tokenIdleSeconds` is its idle time.
 */
export function createCodes(database: Database, tokenIdleSeconds: number, now: () => number): Codes {
  return {
    async issue({ sessionToken, userId, clientId, scope, redirectUri, challenge, nonce }) {
      const [code, token] = [randomBytes(32).toString('base64url'), newToken()];
      const { tokenUnderKey, keyUnderToken } = sealIntoFamily(token, familyKey(sessionToken));
      const created = now();
      await database.query(
        `with token as (
           insert into sso_sessions (token_digest, kind, user_id, client_id, scope, created_at, last_used_at, idle_seconds, valid_to,
             parent_digest, token_under_key, key_under_token)
           values ($1, 'pending', $2, $3, $4, $5, $5, $6,
             -- it ends with the session that it comes from
             least($7::timestamptz, (select valid_to from sso_sessions where token_digest = $8)), $8, $9, $10))
         insert into sso_codes (code_digest, token_digest, sealed_token, redirect_uri, code_challenge, nonce, valid_to)
         values ($11, $1, $12, $13, $14, $15, $16)`,
        [
          digestOf(token),
          userId,
          clientId,
          scope,
          new Date(created),
          tokenIdleSeconds,
          await loginEnd(database, userId, created),
          digestOf(sessionToken),
          tokenUnderKey,
          keyUnderToken,
          digestOf(code),
          seal(token, code, 'token of a code'),
          redirectUri,
          challenge,
          nonce,
          new Date(created + codeMs),
        ],
      );
      return code;
    },

    async exchange({ code, clientId, redirectUri, verifier }) {
      const refusal = new OAuthError('invalid_grant', 'The code is unknown, used, expired, or was made for something else.');
      const [row] = await database.query<CodeRow>(
        `update sso_codes set used = true where code_digest = $1 and not used
         returning token_digest as "tokenDigest", sealed_token as "sealedToken", redirect_uri as "redirectUri",
           code_challenge as challenge, nonce, valid_to as "validTo"`,
        [digestOf(code)],
      );
      if (row === undefined) {
        // A code that comes twice was stolen, by the first or by the second who brought it: its token ends.
        await database.query('delete from sso_sessions where token_digest = (select token_digest from sso_codes where code_digest = $1)', [
          digestOf(code),
        ]);
        throw refusal;
      }
      const token = unseal(row.sealedToken, code, 'token of a code');
      const fits =
        token !== null &&
        row.validTo.getTime() > now() &&
        row.redirectUri === redirectUri &&
        (row.challenge === null ? verifier === null : verifier !== null && answers(verifier, row.challenge));
      const [begun] = !fits
        ? []
        : await database.query<{ scope: string; validTo: Date }>(
            `update sso_sessions set kind = 'token', last_used_at = $3
             where token_digest = $1 and kind = 'pending' and client_id = $2 returning scope, valid_to as "validTo"`,
            [row.tokenDigest, clientId, new Date(now())],
          );
      if (!fits || begun === undefined) {
        await database.query('delete from sso_sessions where token_digest = $1', [row.tokenDigest]);
        throw refusal;
      }
      return { token, ...begun, nonce: row.nonce };
    },
  };
}
