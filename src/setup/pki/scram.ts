import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { HostReader } from '#kit';

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

type Pbkdf2 = Pick<HostReader['crypto'], 'pbkdf2'>;

/** RFC 4013 as PostgreSQL's clients do it: foreign blanks become plain ones, what cannot be seen goes away, compatible forms become one. */
const prepared = (password: string): string =>
  password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu, ' ')
    .replace(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu, '')
    .normalize('NFKC');

/**
 * The verifier that PostgreSQL stores for a role (RFC 5802 and 7677; `pg_authid.rolpassword`):
 * `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`. Sending this instead of the password
 * keeps the password out of statements, and so out of the server's log.
 */
export async function scramVerifier(password: string, salt: Buffer, { pbkdf2 }: Pbkdf2, iterations = 4096): Promise<string> {
  const salted = await pbkdf2(prepared(password), salt, iterations);
  const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  const server = hmac(salted, 'Server Key');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored.toString('base64')}:${server.toString('base64')}`;
}

/** Whether a stored verifier belongs to a password. Anything that is not a SCRAM verifier does not. */
export async function matchesScram(verifier: string | null | undefined, password: string, crypto: Pbkdf2): Promise<boolean> {
  const match = /^SCRAM-SHA-256\$([1-9]\d{0,6}):([A-Za-z0-9+/=]{4,200})\$/.exec(verifier ?? '');
  if (match === null || verifier === null || verifier === undefined) return false;
  const expected = await scramVerifier(password, Buffer.from(match[2] ?? '', 'base64'), crypto, Number(match[1]));
  const [a, b] = [Buffer.from(expected), Buffer.from(verifier)];
  return a.length === b.length && timingSafeEqual(a, b);
}
