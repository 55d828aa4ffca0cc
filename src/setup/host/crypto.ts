import { generateKeyPair, pbkdf2, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { HostReader } from '../kit/host.ts';

const makePair = promisify(generateKeyPair);
const derive = promisify(pbkdf2);

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
};
