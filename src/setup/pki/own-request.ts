import { createPublicKey, verify } from 'node:crypto';
import { partsOf, tags, bodyOf, valuesIn } from './der.ts';
import { remembering } from './remembering.ts';

const publicKeyOf = remembering((key) => createPublicKey(key));

/** What is in a request (PKCS#10, RFC 2986): what was signed, the key in it, and the signature. */
function taken(pem: string): { readonly signed: Buffer; readonly key: Buffer; readonly signature: Buffer } {
  const [, base64 = ''] = /-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END/.exec(pem) ?? [];
  const [information, , signature] = partsOf(valuesIn(Buffer.from(base64, 'base64'))[0]);
  const key = partsOf(information)[2];
  // The first byte of a bit string says how many of its last bits do not count: none.
  return { signed: information?.whole ?? Buffer.of(), key: key?.whole ?? Buffer.of(), signature: bodyOf(signature, tags.bits).subarray(1) };
}

const isRight = remembering((both) => {
  const [pem = '', key = ''] = both.split('\0');
  try {
    const found = taken(pem);
    const own = publicKeyOf(key);
    return found.key.equals(own.export({ type: 'spki', format: 'der' })) && verify('sha256', found.signed, own, found.signature);
  } catch {
    return false;
  }
});

/** Whether a certificate request is one of ours for a key: with that key in it, and signed with it. */
export const isRequestOf = (pem: string, key: string): boolean => isRight(`${pem}\0${key}`);
