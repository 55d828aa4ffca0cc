import type { KeyObject } from 'node:crypto';

/**
 * Writes an RSA public key as a line of `authorized_keys` (RFC 4253, section 6.6). Throws for other kinds of keys; the
 * engine's is always RSA, since hosts of every age must accept it.
 */
export function toSshPublicKey(key: KeyObject, comment: string): string {
  const { kty, n, e } = key.export({ format: 'jwk' });
  if (kty !== 'RSA' || n === undefined || e === undefined) throw new Error('only RSA keys can be written in this form');
  const blob = Buffer.concat([field(Buffer.from('ssh-rsa')), integer(e), integer(n)]);
  return `ssh-rsa ${blob.toString('base64')} ${comment}\n`;
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Integers are signed in SSH, so one with its highest bit set gets a zero in front. */
function integer(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url');
  return field((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}
