import { createHash } from 'node:crypto';
import { sameText } from './same-text.ts';

/** Whether a text can be the S256 challenge of RFC 7636: 32 bytes in base64url. */
export const isChallenge = (text: string): boolean => /^[\w-]{43}$/.test(text);

/** Whether a verifier is the one a challenge was made from. */
export const answers = (verifier: string, challenge: string): boolean =>
  /^[\w.~-]{43,128}$/.test(verifier) && sameText(createHash('sha256').update(verifier).digest('base64url'), challenge);
