import { createHash, randomBytes } from 'node:crypto';

/** A new token: 64 random bytes in base64url, as clients expect it. */
export const newToken = (): string => randomBytes(64).toString('base64url');

/** Whether a text can be a token at all. */
export const isToken = (text: string): boolean => /^[\w-]{86}$/.test(text);

/**
 * What is kept of a token or a code. Looking a digest up cannot be timed to guess a token: nobody can choose digests byte
 * by byte.
 */
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
