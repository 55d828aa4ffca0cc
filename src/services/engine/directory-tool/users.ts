import { randomUUID } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import { flawsOf, readPolicy } from '../sso/password-policy.ts';
import { storePassword, wasUsed } from '../sso/password-store.ts';
import { endSessionsOfAccount } from '../sso/session-rows.ts';
import type { Arguments } from './arguments.ts';
import { checkId, checkName, checkWeek, readAttributes, readFlags, userAttributes } from './entries.ts';
import { readPassword, type Sources } from './password-source.ts';
import { Problem } from '../tool.ts';
import { card, requireEntry, setAttributes, unlessTaken } from './store.ts';
import { readTime, writeTime } from './times.ts';

export interface ToolParts {
  readonly database: Database;
  readonly sources: Sources;
  readonly now: () => number;
}

/** Columns of a user that options set, with what they were set to; nothing for options that were not given. */
function columns(given: Arguments): Readonly<Record<string, unknown>> {
  const flags = readFlags(given.texts('flag'));
  const time = (name: 'account-valid-from' | 'account-valid-to' | 'password-valid-to'): Date | undefined => {
    const text = given.text(name);
    return text === undefined ? undefined : readTime(text);
  };
  const [week, id, newName] = [given.text('account-login-time'), given.text('id'), given.text('new-name')];
  return Object.fromEntries(
    Object.entries({
      valid_from: time('account-valid-from'),
      valid_to: time('account-valid-to'),
      password_valid_to: time('password-valid-to'),
      login_allowed: week === undefined ? undefined : checkWeek(week),
      disabled: flags.disabled === undefined ? undefined : Number(flags.disabled),
      nopasswd: flags.nopass === undefined ? undefined : Number(flags.nopass),
      uuid: id === undefined ? undefined : checkId(id),
      name: newName === undefined ? undefined : checkName(newName),
    }).filter(([, value]) => value !== undefined),
  );
}

/** Adds a user, who cannot log in before the first password-reset. */
export async function addUser(name: string, given: Arguments, { database, now }: ToolParts): Promise<string> {
  const attributes = readAttributes(given.texts('attribute'), userAttributes);
  const values = {
    uuid: randomUUID(),
    valid_from: new Date(now()),
    ...columns(given),
    name: checkName(name),
    password: '',
    password_valid_to: new Date(now()),
  };
  const names = Object.keys(values);
  const places = names.map((_name, at) => `$${at + 1}`).join(', ');
  const insert = `insert into aaa_jdbc.users (${names.join(', ')}) values (${places}) returning id as key`;
  const [added] = await unlessTaken(database.query<{ key: number }>(insert, Object.values(values)), 'user');
  await setAttributes(database, 'user', added?.key ?? 0, attributes);
  return `User ${name} was added. It cannot log in before a password is set: user password-reset.`;
}

/** Changes what the options name. Whoever is barred is out for good: later permission brings no old session back. */
export async function editUser(name: string, given: Arguments, { database }: ToolParts): Promise<string> {
  const attributes = readAttributes(given.texts('attribute'), userAttributes);
  const values = columns(given);
  const { key, id } = await requireEntry(database, 'user', name);
  const names = Object.keys(values);
  if (names.length > 0) {
    const assignments = names.map((column, at) => `${column} = $${at + 2}`).join(', ');
    await unlessTaken(database.query(`update aaa_jdbc.users set ${assignments} where id = $1`, [key, ...Object.values(values)]), 'user');
  }
  await setAttributes(database, 'user', key, attributes);
  if (values['disabled'] === 1 || values['nopasswd'] === 1 || values['uuid'] !== undefined) await endSessionsOfAccount(database, id);
  return `User ${name} was changed.`;
}

/** Removes a user. Who is logged in with it is out at once, also if another with this id is added later. */
export async function deleteUser(name: string, _given: Arguments, { database }: ToolParts): Promise<string> {
  const { key, id } = await requireEntry(database, 'user', name);
  await database.query('delete from aaa_jdbc.users where id = $1', [key]);
  await endSessionsOfAccount(database, id);
  return `User ${name} was deleted.`;
}

/** Takes a lock away. */
export async function unlockUser(name: string, _given: Arguments, { database }: ToolParts): Promise<string> {
  const { key } = await requireEntry(database, 'user', name);
  await database.query(`update aaa_jdbc.users set unlock_time = 'epoch', consecutive_failures = 0 where id = $1`, [key]);
  await database.query('delete from aaa_jdbc.failed_logins where user_id = $1', [key]);
  return `User ${name} was unlocked.`;
}

/**
 * Sets a password, by default one that has expired already, so that its owner has to choose another at the first login. Ends all
 * sessions of the user.
 */
export async function resetPassword(name: string, given: Arguments, { database, sources, now }: ToolParts): Promise<string> {
  const validTo = given.text('password-valid-to');
  const until = validTo === undefined ? new Date(now()) : readTime(validTo);
  const password = await readPassword(given.text('password') ?? 'interactive:', sources);
  const { key, id } = await requireEntry(database, 'user', name);
  if (password === null) {
    await database.query(`update aaa_jdbc.users set password = '', nopasswd = 1 where id = $1`, [key]);
  } else {
    const policy = await readPolicy(database);
    const flaws = flawsOf(password, given.flag('force') ? { ...policy, shortest: 1, classes: [] } : policy);
    if (flaws.length === 0 && !given.flag('force') && (await wasUsed(database, id, password, policy.history))) {
      throw new Problem('The password was used before. --force takes it all the same.');
    }
    if (flaws.length > 0) throw new Problem(flaws.join('\n'));
    await storePassword(database, { accountId: id, password, validTo: until, history: policy.history, now: now() });
  }
  await endSessionsOfAccount(database, id);
  return password === null ? `User ${name} has no password any more and cannot log in with one.` : `The password of ${name} was set.`;
}

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly disabled: number;
  readonly nopasswd: number;
  readonly unlockTime: Date;
  readonly validFrom: Date;
  readonly validTo: Date;
  readonly lastSuccess: Date;
  readonly lastFailure: Date;
  readonly passwordValidTo: Date;
  readonly attributes: Readonly<Record<string, string>> | null;
}

const shownColumns = `u.uuid::text as id, u.name, u.disabled, u.nopasswd, u.unlock_time as "unlockTime", u.valid_from as "validFrom",
  u.valid_to as "validTo", u.last_successful_login as "lastSuccess", u.last_unsuccessful_login as "lastFailure",
  u.password_valid_to as "passwordValidTo",
  (select json_object_agg(a.name, a.value) from aaa_jdbc.user_attributes a where a.user_id = u.id) as attributes`;

/** Users that a condition on `u` chooses, each as lines. */
export async function describeUsers(database: Database, condition: string, values: readonly unknown[]): Promise<readonly string[]> {
  const rows = await database.query<Shown>(`select ${shownColumns} from aaa_jdbc.users u where ${condition} order by u.name`, values);
  return rows.map(({ id, name, attributes, ...user }) =>
    card('User', name, id, {
      Namespace: '*',
      Name: name,
      ID: id,
      'Display Name': attributes?.['displayName'],
      Email: attributes?.['email'],
      'First Name': attributes?.['firstName'],
      'Last Name': attributes?.['lastName'],
      Department: attributes?.['department'],
      Title: attributes?.['title'],
      Description: attributes?.['description'],
      'Account Disabled': user.disabled !== 0,
      'Account Unlocked At': writeTime(user.unlockTime),
      'Account Valid From': writeTime(user.validFrom),
      'Account Valid To': writeTime(user.validTo),
      'Account Without Password': user.nopasswd !== 0,
      'Last successful Login At': writeTime(user.lastSuccess),
      'Last unsuccessful Login At': writeTime(user.lastFailure),
      'Password Valid To': writeTime(user.passwordValidTo),
    }),
  );
}

/** Shows a user. */
export async function showUser(name: string, _given: Arguments, { database }: ToolParts): Promise<string> {
  const { key } = await requireEntry(database, 'user', name);
  return (await describeUsers(database, 'u.id = $1', [key])).join('\n');
}
