import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

/** A key that signs tokens, and what others verify them with. */
export interface SigningKey {
  /** The public key as RFC 7517 has it. */
  readonly jwk: Readonly<Record<string, string>>;
  /** A token in the compact form of RFC 7515, signed with RS256. */
  sign(claims: Readonly<Record<string, unknown>>): string;
}

/** Makes a signing key of a private RSA key in PEM. Throws for any other. */
export function createSigningKey(pem: string): SigningKey {
  const key = createPrivateKey(pem);
  const { kty, n, e } = createPublicKey(key).export({ format: 'jwk' });
  if (kty !== 'RSA' || n === undefined || e === undefined) throw new Error('the key of the engine is not an RSA key');
  // The thumbprint of RFC 7638: another key gets another name by itself.
  const kid = createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    jwk: { kty, use: 'sig', alg: 'RS256', kid, n, e },
    sign(claims) {
      const text = `${encode({ alg: 'RS256', typ: 'JWT', kid })}.${encode(claims)}`;
      return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
    },
  };
}
