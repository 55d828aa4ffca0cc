import { hkdfSync } from 'node:crypto';
import { seal, unseal } from './seal.ts';

/*
 * Clients that want to hear of a logout know a login by their own token, of which the database has only a digest. So each token
 * made from a browser's session is kept sealed under a key of that session, and the key sealed under each of these tokens. Whoever
 * brings the session or one of its tokens can thereby name the others; whoever has only the database cannot.
 */

/** The key of a browser's session that the tokens made from it are sealed under. */
export const familyKey = (sessionToken: string): string =>
  Buffer.from(hkdfSync('sha256', sessionToken, '', 'key of a family of tokens', 32)).toString('base64url');

/** What is stored beside the digest of a token that belongs to a family. */
export const sealIntoFamily = (token: string, key: string): { tokenUnderKey: Buffer; keyUnderToken: Buffer } => ({
  tokenUnderKey: seal(token, key, 'token of a family'),
  keyUnderToken: seal(key, token, 'key of a family'),
});

export const unsealToken = (sealed: Buffer | null, key: string): string | null =>
  sealed === null ? null : unseal(sealed, key, 'token of a family');

export const unsealKey = (sealed: Buffer | null, token: string): string | null =>
  sealed === null ? null : unseal(sealed, token, 'key of a family');
