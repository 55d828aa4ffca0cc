import type { Database } from '../../frame/database.ts';

/** Characters of which a password needs some. */
export interface CharacterClass {
  readonly name: string;
  readonly characters: string;
  /** How many it needs; none where this is not above zero. */
  readonly least: number;
}

/** What the directory demands of passwords. */
export interface Policy {
  readonly shortest: number;
  readonly classes: readonly CharacterClass[];
  /** How many former passwords may not be chosen again. */
  readonly history: number;
  /** How long a password holds that its owner chose, in days; not above zero: for ever. */
  readonly days: number;
  readonly expiredMayBeChanged: boolean;
}

const longest = 1024;

/** Reads the rules. Throws when a setting is missing or makes no sense. */
export async function readPolicy(database: Database): Promise<Policy> {
  const rows = await database.query<{ name: string; value: string }>('select name, value from aaa_jdbc.settings');
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  const number = (name: string): number => {
    const value = values.get(name) ?? '';
    if (!/^-?\d{1,9}$/.test(value)) throw new Error(`the setting ${name} is missing or not a whole number`);
    return Number(value);
  };
  return {
    shortest: number('MIN_LENGTH'),
    classes: parseClasses(values.get('PASSWORD_COMPLEXITY') ?? ''),
    history: number('PASSWORD_HISTORY_LIMIT'),
    days: number('PASSWORD_EXPIRATION_DAYS'),
    expiredMayBeChanged: /^(t|true|1)$/i.test(values.get('ALLOW_EXPIRED_PASSWORD_CHANGE') ?? ''),
  };
}

/**
 * Reads classes in upstream's form, `NAME:chars=CHARACTERS::min=NUMBER::` each, where a backslash makes the next character
 * literal. Throws an error for any other text.
 */
export function parseClasses(text: string): readonly CharacterClass[] {
  const classes: CharacterClass[] = [];
  const one = /(\w+):chars=((?:[^\\:]|\\[^])+)::min=(-?\d{1,4})::/y;
  while (one.lastIndex < text.length) {
    const match = one.exec(text);
    if (match === null) throw new Error('the setting PASSWORD_COMPLEXITY is not of the form NAME:chars=CHARACTERS::min=NUMBER::');
    classes.push({ name: match[1] ?? '', characters: (match[2] ?? '').replace(/\\([^])/g, '$1'), least: Number(match[3]) });
  }
  return classes;
}

/** Everything the rules have against a new password, its history aside. */
export function flawsOf(password: string, policy: Policy): readonly string[] {
  const characters = [...password];
  const flaws: string[] = [];
  if (characters.length < Math.max(policy.shortest, 1)) flaws.push(`The password needs at least ${policy.shortest} characters.`);
  if (password.length > longest) flaws.push(`The password is longer than ${longest} characters.`);
  for (const { name, characters: known, least } of policy.classes) {
    if (least > 0 && characters.filter((character) => known.includes(character)).length < least) {
      flaws.push(`The password needs at least ${least} of the characters ${name}.`);
    }
  }
  return flaws;
}
