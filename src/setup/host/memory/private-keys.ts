import { generateKeyPairSync } from 'node:crypto';

const made = new Map<number, string>();

/** A real RSA key of the size asked for; of each size there is one for the whole process, since making one takes long. */
export function privateKey(bits: number): string {
  const known = made.get(bits);
  if (known !== undefined) return known;
  const { privateKey: pem } = generateKeyPairSync('rsa', {
    modulusLength: bits,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  made.set(bits, pem);
  return pem;
}
