import { constants, generateKeyPair, pbkdf2, privateDecrypt, publicEncrypt, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { HostReader } from '../kit/host.ts';

const makePair = promisify(generateKeyPair);
const derive = promisify(pbkdf2);
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

/** Randomness and slow computations, off the main thread. */
export const crypto: HostReader['crypto'] = {
  random: (bytes) => randomBytes(bytes),
  async newPrivateKey(bits) {
    const { privateKey } = await makePair('rsa', { modulusLength: bits });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  },
  pbkdf2: (password, salt, iterations) => derive(password, salt, iterations, 32, 'sha256'),
  scrypt: (password, salt, { ln, r, p }) =>
    new Promise((resolve, reject) => {
      const N = 2 ** ln;
      // Node refuses to use more memory than it is told; 128 * N * r is what the algorithm needs, plus a little.
      scrypt(password, salt, 32, { N, r, p, maxmem: 128 * N * r + 128 * r * p + 1024 * 1024 }, (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    }),
  seal: (certificate, text) => `$${publicEncrypt({ key: certificate, ...oaep }, Buffer.from(text, 'utf8')).toString('base64')}`,
  unseal(key, sealed) {
    if (!sealed.startsWith('$')) return undefined;
    try {
      return privateDecrypt({ key, ...oaep }, Buffer.from(sealed.slice(1), 'base64')).toString('utf8');
    } catch {
      return undefined;
    }
  },
};
