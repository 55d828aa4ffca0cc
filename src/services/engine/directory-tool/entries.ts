import { misuse } from '../tool.ts';

/** The attributes an entry may have. */
export const userAttributes = ['displayName', 'email', 'description', 'firstName', 'lastName', 'department', 'title'] as const;
export const groupAttributes = ['displayName', 'description'] as const;

/** Checks a name of a user or a group. */
export function checkName(name: string): string {
  if (name === '' || name.length > 255 || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) {
    throw misuse('A name has 1 to 255 characters, none of them invisible.');
  }
  return name;
}

/** Checks an id. */
export function checkId(id: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw misuse('An id is a UUID in lower case.');
  return id;
}

/** Reads `NAME=VALUE` texts. An empty value takes the attribute away. */
export function readAttributes(texts: readonly string[], known: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const [, name = '', value = ''] = /^(\w+)=([^]*)$/.exec(text) ?? [];
      if (!known.includes(name)) throw misuse(`--attribute is NAME=VALUE; the names are ${known.join(', ')}.`);
      if (value.length > 1024 || value.includes('\0')) throw misuse(`The value of ${name} is longer than 1024 characters or holds a NUL.`);
      return [name, value] as const;
    }),
  );
}

export interface Flags {
  readonly disabled?: boolean;
  readonly nopass?: boolean;
}

/** Reads `+disabled`, `-disabled`, `+nopass` and `-nopass`. */
export function readFlags(texts: readonly string[]): Flags {
  return Object.fromEntries(
    texts.map((text) => {
      const [, sign, name] = /^([+-])(disabled|nopass)$/.exec(text) ?? [];
      if (name === undefined) throw misuse('--flag is one of +disabled, -disabled, +nopass and -nopass.');
      return [name, sign === '+'];
    }),
  );
}

/** Checks the half hours of a week. */
export function checkWeek(text: string): string {
  if (!/^[01]{336}$/.test(text))
    throw misuse('--account-login-time has 336 digits 0 or 1: one for each half hour of the week, from Sunday on, in UTC.');
  return text;
}
