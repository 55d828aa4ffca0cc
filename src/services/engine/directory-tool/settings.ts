import { parseClasses } from '../sso/password-policy.ts';
import type { Arguments } from './arguments.ts';
import { misuse, Problem } from '../tool.ts';
import { visible } from './store.ts';
import type { ToolParts } from './users.ts';

/** At most five digits: dates that far away can still be told. */
const wholeNumber = (value: string): boolean => /^(-1|[1-9]\d{0,4})$/.test(value);
const yesOrNo = (value: string): boolean => /^(true|false)$/.test(value);

/** What the value of each setting may be, and that in words. */
const kinds: Readonly<Record<string, readonly [fits: (value: string) => boolean, words: string]>> = {
  MAX_LOGIN_MINUTES: [(value) => /^[1-9]\d{0,7}$/.test(value), 'a number of minutes above zero'],
  MIN_LENGTH: [(value) => /^\d{1,3}$/.test(value), 'a number from 0 to 999'],
  PASSWORD_COMPLEXITY: [isComplexity, 'of the form NAME:chars=CHARACTERS::min=NUMBER::'],
  PASSWORD_HISTORY_LIMIT: [(value) => /^\d{1,2}$/.test(value), 'a number from 0 to 99'],
  PASSWORD_EXPIRATION_DAYS: [wholeNumber, 'a number of days, or -1 for no end'],
  ALLOW_EXPIRED_PASSWORD_CHANGE: [yesOrNo, 'true or false'],
  MAX_FAILURES_SINCE_SUCCESS: [wholeNumber, 'a number above zero, or -1 for no limit'],
  MAX_FAILURES_PER_INTERVAL: [wholeNumber, 'a number above zero, or -1 for no limit'],
  INTERVAL_HOURS: [(value) => /^[1-9]\d{0,4}$/.test(value), 'a number of hours above zero'],
  LOCK_MINUTES: [(value) => /^[1-9]\d{0,7}$/.test(value), 'a number of minutes above zero'],
  FAILED_LOGINS_OLD_DAYS: [wholeNumber, 'a number of days, or -1 for ever'],
  MAX_PAGE_SIZE: [(value) => /^[1-9]\d{0,4}$/.test(value), 'a number above zero'],
};

function isComplexity(value: string): boolean {
  try {
    parseClasses(value);
    return true;
  } catch {
    return false;
  }
}

/** Shows all settings, or the one that `--name` names. */
export async function showSettings(given: Arguments, { database }: ToolParts): Promise<string> {
  const name = given.text('name') ?? null;
  const rows = await database.query<{ name: string; value: string; description: string }>(
    'select name, value, description from aaa_jdbc.settings where $1::text is null or name = $1 order by name',
    [name],
  );
  if (rows.length === 0) throw new Problem(`There is no setting ${name ?? ''}.`);
  return rows
    .map((row) => [` -- Setting ${row.name} --`, `Value: ${visible(row.value)}`, `Description: ${visible(row.description)}`].join('\n'))
    .join('\n');
}

/** Sets a setting, after a look at its value. */
export async function setSetting(given: Arguments, { database }: ToolParts): Promise<string> {
  const [name, value] = [given.text('name'), given.text('value')];
  if (name === undefined || value === undefined) throw misuse('--name and --value say what to set.');
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) throw new Problem(`There is no setting ${name}.`);
  const [fits, words] = kind;
  if (!fits(value)) throw misuse(`The value of ${name} has to be ${words}.`);
  const set = await database.query('update aaa_jdbc.settings set value = $2 where name = $1 returning id', [name, value]);
  if (set.length === 0) throw new Problem(`There is no setting ${name}.`);
  return `${name} was set.`;
}
