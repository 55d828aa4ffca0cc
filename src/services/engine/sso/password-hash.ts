import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const scryptAsync = promisify<string, Buffer, number, object, Buffer>(scrypt);

interface StoredHash {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/**
 * What a login is checked against when the user does not exist: the cost of a real hash, and a value that no password
 * has, so that the time taken tells nothing.
 */
export const dummyHash = `$scrypt$ln=15,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * Whether a password belongs to a stored hash, a PHC string `$scrypt$ln=15,r=8,p=1$<salt>$<hash>` with unpadded base64
 * and 32 bytes of hash. Throws RangeError for anything that is not such a string or would cost more than is sane.
 */
export async function matchesHash(stored: string, password: string): Promise<boolean> {
  const { N, r, p, salt, hash } = parse(stored);
  const memory = 128 * r * (N + p + 2);
  const computed = await scryptAsync(password, salt, hash.length, { N, r, p, maxmem: memory + 65_536 });
  return timingSafeEqual(computed, hash);
}

function parse(stored: string): StoredHash {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/.exec(stored);
  if (match === null) throw new RangeError('the stored password is not a hash of the expected form');
  const [ln, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (ln < 10 || ln > 17 || r < 1 || r > 16 || p < 1 || p > 4) {
    throw new RangeError('the stored password asks for more or less work than is allowed');
  }
  return { N: 2 ** ln, r, p, salt: Buffer.from(match[4] ?? '', 'base64'), hash: Buffer.from(match[5] ?? '', 'base64') };
}
