import { createCipheriv, createDecipheriv, createHmac, hash } from 'node:crypto';
import type { HostReader } from '#kit';
import { type Value, bodyOf, integer, mustBe, nothing, octets, oid, partsOf, sequence, tags } from './der.ts';
import { remembering } from './remembering.ts';

/* How a password protects a PKCS#12 file today, as OpenSSL 3 and Java do it: PBES2 (RFC 8018) against readers, an HMAC against changes. */

export type Crypto = Pick<HostReader['crypto'], 'pbkdf2' | 'random'>;

const oids = {
  pbes2: oid('1.2.840.113549.1.5.13'),
  pbkdf2: oid('1.2.840.113549.1.5.12'),
  hmacWithSha256: oid('1.2.840.113549.2.9'),
  aes256: oid('2.16.840.1.101.3.4.1.42'),
  sha256: oid('2.16.840.1.101.3.4.2.1'),
} as const;

/** As OpenSSL has it. More would help little: the usual password is known to everybody, and the rights of the files keep others out. */
const rounds = 2048;
/** A damaged file shall not keep anybody busy. */
const mostRounds = 100_000;

const roundsIn = (value: Value | undefined): number => {
  const bytes = bodyOf(value, tags.integer);
  const number = bytes.length > 4 ? Infinity : bytes.readUIntBE(0, bytes.length);
  if (number < 1 || number > mostRounds) throw new Error('too many rounds');
  return number;
};

/** What was made unreadable, with the note of how. */
export interface Locked {
  readonly algorithm: Buffer;
  readonly bytes: Buffer;
}

export async function lock(bytes: Uint8Array, password: string, crypto: Crypto): Promise<Locked> {
  const [salt, iv] = [crypto.random(16), crypto.random(16)];
  const cipher = createCipheriv('aes-256-cbc', await crypto.pbkdf2(password, salt, rounds), iv);
  const derivation = sequence(octets(salt), integer(rounds), sequence(oids.hmacWithSha256, nothing));
  const steps = sequence(sequence(oids.pbkdf2, derivation), sequence(oids.aes256, octets(iv)));
  return { algorithm: sequence(oids.pbes2, steps), bytes: Buffer.concat([cipher.update(bytes), cipher.final()]) };
}

/** The other way. Throws Error where it was locked in another way, or with another password. */
export async function unlock(algorithm: Value | undefined, bytes: Buffer, password: string, crypto: Crypto): Promise<Buffer> {
  const [scheme, steps] = partsOf(algorithm);
  mustBe(scheme, oids.pbes2);
  const [derivation, encryption] = partsOf(steps);
  const [derive, how] = partsOf(derivation);
  mustBe(derive, oids.pbkdf2);
  // Between these, Java says how long the key is.
  const [salt, count, ...more] = partsOf(how);
  mustBe(partsOf(more.at(-1))[0], oids.hmacWithSha256);
  const [cipher, iv] = partsOf(encryption);
  mustBe(cipher, oids.aes256);
  const key = await crypto.pbkdf2(password, bodyOf(salt, tags.octets), roundsIn(count));
  const decipher = createDecipheriv('aes-256-cbc', key, bodyOf(iv, tags.octets));
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

/** The text as PKCS#12 has it: two bytes for each unit. */
export const bmp = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

/** The bytes again and again, until they fill whole blocks of SHA-256. */
const fill = (bytes: Uint8Array): Buffer => Buffer.alloc(Math.ceil(bytes.length / 64) * 64, bytes);

/** RFC 7292, B.2. A key of 32 bytes is one hash long, so that nothing has to be carried from one to the next. */
const keyForSeal = remembering((from) => {
  const [password, salt, count] = JSON.parse(from) as readonly [string, string, number];
  let key: Buffer = Buffer.concat([Buffer.alloc(64, 3), fill(Buffer.from(salt, 'base64')), fill(bmp(`${password}\0`))]);
  for (let round = 0; round < count; round += 1) key = hash('sha256', key, 'buffer');
  return key;
});

function sealOf(bytes: Uint8Array, password: string, salt: Uint8Array, count: number): Buffer {
  const key = keyForSeal(JSON.stringify([password, Buffer.from(salt).toString('base64'), count]));
  return createHmac('sha256', key).update(bytes).digest();
}

/** The MacData that tells whether anybody has changed the bytes. */
export function seal(bytes: Uint8Array, password: string, crypto: Crypto): Buffer {
  const salt = crypto.random(16);
  const digest = sequence(sequence(oids.sha256, nothing), octets(sealOf(bytes, password, salt, rounds)));
  return sequence(digest, octets(salt), integer(rounds));
}

/** Throws Error where somebody has changed the bytes, the seal is of another kind, or the password is another one. */
export function verifySeal(value: Value | undefined, bytes: Buffer, password: string): void {
  const [digest, salt, count] = partsOf(value);
  const [algorithm, sum] = partsOf(digest);
  mustBe(partsOf(algorithm)[0], oids.sha256);
  const expected = sealOf(bytes, password, bodyOf(salt, tags.octets), roundsIn(count));
  if (!expected.equals(bodyOf(sum, tags.octets))) throw new Error('another password, or damaged');
}
