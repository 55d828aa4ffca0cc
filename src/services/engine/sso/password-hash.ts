import { pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const scryptAsync = promisify<string, Buffer, number, object, Buffer>(scrypt);
const pbkdf2Async = promisify(pbkdf2);

interface StoredHash {
  readonly hash: Buffer;
  readonly compute: (password: string) => Promise<Buffer>;
}

/**
 * What a login is checked against when the user does not exist: the cost of a real hash, and a value that no password
 * has, so that the time taken tells nothing.
 */
export const dummyHash = `$scrypt$ln=15,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Hashes a password as PHC string `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`: about 80 ms and 32 MiB on a current processor. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await scryptAsync(password, salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 });
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=15,r=8,p=1$${text(salt)}$${text(hash)}`;
}

/**
 * Whether a password belongs to a stored hash, a PHC string `$scrypt$ln=15,r=8,p=1$<salt>$<hash>` with unpadded base64
 * and 32 bytes of hash, or the envelope that upstream's tools write, which a restored database may hold. Throws RangeError
 * for anything else and for what would cost more than is sane.
 */
export async function matchesHash(stored: string, password: string): Promise<boolean> {
  const { hash, compute } = stored.startsWith('$') ? parsePhc(stored) : parseEnvelope(stored);
  return timingSafeEqual(await compute(password), hash);
}

function parsePhc(stored: string): StoredHash {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/.exec(stored);
  if (match === null) throw unusable();
  const [ln, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (ln < 10 || ln > 17 || r < 1 || r > 16 || p < 1 || p > 4) throw tooMuchWork();
  const [salt, hash] = [Buffer.from(match[4] ?? '', 'base64'), Buffer.from(match[5] ?? '', 'base64')];
  const N = 2 ** ln;
  const maxmem = 128 * r * (N + p + 2) + 65_536;
  return { hash, compute: (password) => scryptAsync(password, salt, hash.length, { N, r, p, maxmem }) };
}

/** JSON in base64: `{"artifact":"EnvelopePBE","version":"1","algorithm":"PBKDF2WithHmacSHA1","salt":..,"iterations":..,"secret":..}`. */
function parseEnvelope(stored: string): StoredHash {
  const envelope = fields(stored);
  const digest = /^PBKDF2WithHmac(SHA1|SHA256|SHA512)$/.exec(String(envelope['algorithm']))?.[1];
  const iterations = Number(envelope['iterations']);
  const [salt, hash] = [Buffer.from(String(envelope['salt']), 'base64'), Buffer.from(String(envelope['secret']), 'base64')];
  if (envelope['artifact'] !== 'EnvelopePBE' || digest === undefined || hash.length < 16 || hash.length > 64) throw unusable();
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > 1_000_000) throw tooMuchWork();
  return {
    hash,
    async compute(password) {
      // Upstream's few iterations take no time. As much work as for any other name keeps them from telling whose account this is.
      const [computed] = await Promise.all([
        pbkdf2Async(password, salt, iterations, hash.length, digest.toLowerCase()),
        parsePhc(dummyHash).compute(password),
      ]);
      return computed;
    },
  };
}

function fields(stored: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(stored, 'base64').toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, as everything that cannot be read.
  }
  throw unusable();
}

const unusable = (): RangeError => new RangeError('the stored password is not a hash of the expected form');
const tooMuchWork = (): RangeError => new RangeError('the stored password asks for more or less work than is allowed');
