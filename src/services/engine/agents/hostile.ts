/* Reading what agents say. An agent may be broken, older than thought, or somebody else's: nothing is believed to be of any kind. */

export type Unknown = Readonly<Record<string, unknown>>;

/** An object; an empty one in the place of anything else. */
export const objectOf = (value: unknown): Unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Unknown) : {};

/** Entries of an object, as objects, at most so many. */
export const entriesOf = (value: unknown, most: number): readonly (readonly [name: string, value: Unknown])[] =>
  Object.entries(objectOf(value))
    .slice(0, most)
    .map(([name, one]) => [name, objectOf(one)] as const);

/** A text fit for tables and screens, cut where it is too long; null for anything else, and for an empty one. */
export function textOf(value: unknown, longest = 255): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const clean = String(value)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, longest)
    .toWellFormed();
  return clean === '' ? null : clean;
}

/** A number within limits, also one that came as a text, as nearly all of them do; null for anything else. */
export function numberOf(value: unknown, least = 0, most = Number.MAX_SAFE_INTEGER): number | null {
  const number = typeof value === 'string' && /^-?\d{1,20}(\.\d{1,20})?$/.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && number >= least && number <= most ? number : null;
}

/** The same without a fraction. */
export function integerOf(value: unknown, least = 0, most = 2_147_483_647): number | null {
  const number = numberOf(value, least, most);
  return number === null ? null : Math.floor(number);
}

/** A number of bytes, or another large number without a fraction; null for anything else. */
export const byteCountOf = (value: unknown, most = Number.MAX_SAFE_INTEGER): number | null => integerOf(value, 0, most);

/** A counter of the kernel, which may be larger than numbers here can be: its digits, as far as the database can hold them; null for anything else. */
export function counterOf(value: unknown): string | null {
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  return typeof digits === 'string' && /^\d{1,19}$/.test(digits) && BigInt(digits) < 2n ** 63n ? digits : null;
}

/** A truth value, also as a text or as 0 and 1; null for anything else. */
export function flagOf(value: unknown): boolean | null {
  const word = typeof value === 'boolean' || typeof value === 'number' ? String(value) : value;
  if (typeof word !== 'string') return null;
  if (/^(true|1|yes)$/i.test(word)) return true;
  return /^(false|0|no)$/i.test(word) ? false : null;
}

/** A list of short texts, also one with commas between them. */
export function wordsOf(value: unknown, most = 2_000): readonly string[] {
  const list = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? (value as readonly unknown[]) : [];
  return list.slice(0, most).flatMap((one) => textOf(one, 100) ?? []);
}
