import { timingSafeEqual } from 'node:crypto';
import type { HostReader } from '#kit';

/** About 80 ms and 32 MiB on a current processor: slow enough for a guesser, quick enough for a login. */
export const defaultCost = { ln: 15, r: 8, p: 1 } as const;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

/** Hashes a password as PHC string: `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`, unpadded base64. The engine reads the same form. */
export async function hashPassword(password: string, crypto: HostReader['crypto']): Promise<string> {
  const salt = crypto.random(16);
  const hash = await crypto.scrypt(password, salt, defaultCost);
  return `$scrypt$ln=${defaultCost.ln},r=${defaultCost.r},p=${defaultCost.p}$${base64(salt)}$${base64(hash)}`;
}

/** Whether a stored PHC string belongs to a password. Anything else than scrypt within sane bounds does not. */
export async function matchesHash(stored: string | null | undefined, password: string, crypto: HostReader['crypto']): Promise<boolean> {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{8,100})\$([A-Za-z0-9+/]{43})$/.exec(stored ?? '');
  if (match === null) return false;
  const [ln, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (ln < 10 || ln > 17 || r < 1 || r > 16 || p < 1 || p > 4) return false;
  const hash = await crypto.scrypt(password, Buffer.from(match[4] ?? '', 'base64'), { ln, r, p });
  const expected = Buffer.from(match[5] ?? '', 'base64');
  return hash.length === expected.length && timingSafeEqual(hash, expected);
}
