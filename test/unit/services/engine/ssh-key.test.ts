import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toSshPublicKey } from '../../../../src/services/engine/pki/ssh-key.ts';

/** Splits the blob of an SSH key into its length-prefixed fields. */
function fields(line: string): Buffer[] {
  let rest: Buffer = Buffer.from(line.split(' ')[1]!, 'base64');
  const found: Buffer[] = [];
  while (rest.length > 0) {
    const length = rest.readUInt32BE();
    found.push(rest.subarray(4, 4 + length));
    rest = rest.subarray(4 + length);
  }
  return found;
}

describe('SSH public keys', () => {
  it('hold exponent and modulus as positive integers', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const line = toSshPublicKey(publicKey, 'ovirt-engine');
    expect(line).toMatch(/^ssh-rsa [A-Za-z0-9+/]+=* ovirt-engine\n$/);
    const [kind, exponent, modulus] = fields(line);
    const { n, e } = publicKey.export({ format: 'jwk' });
    expect(kind!.toString()).toBe('ssh-rsa');
    expect(exponent!.toString('base64url')).toBe(e);
    // 2048 bits always have the highest bit set, so a zero must precede them.
    expect(modulus!.length).toBe(257);
    expect(modulus!.subarray(1).toString('base64url')).toBe(n);
  });

  it('are made of RSA keys only', () => {
    expect(() => toSshPublicKey(generateKeyPairSync('ed25519').publicKey, 'x')).toThrow('only RSA keys');
  });
});
