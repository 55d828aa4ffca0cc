import type { Database } from '../../frame/database.ts';

/** An account of the internal directory. */
export interface Account {
  readonly id: string;
  readonly passwordHash: string;
  readonly passwordValidTo: Date;
  readonly disabled: boolean;
}

export interface Attributes {
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly email: string | null;
}

/** Looks an account up by its exact name. */
export async function findAccount(database: Database, name: string): Promise<Account | null> {
  const [found] = await database.query<Account>(
    `select uuid::text as id, password as "passwordHash", password_valid_to as "passwordValidTo", disabled <> 0 as disabled
     from aaa_jdbc.users where name = $1`,
    [name],
  );
  return found ?? null;
}

/** What the directory says about a person. */
export async function readAttributes(database: Database, accountId: string): Promise<Attributes> {
  const rows = await database.query<{ name: string; value: string }>(
    'select a.name, a.value from aaa_jdbc.user_attributes a join aaa_jdbc.users u on u.id = a.user_id where u.uuid::text = $1',
    [accountId],
  );
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  return { firstName: values.get('firstName') ?? null, lastName: values.get('lastName') ?? null, email: values.get('email') ?? null };
}

/** How long a login lasts at most, in milliseconds. */
export async function longestLogin(database: Database): Promise<number> {
  const [row] = await database.query<{ value: string }>(`select value from aaa_jdbc.settings where name = 'MAX_LOGIN_MINUTES'`);
  const minutes = Number(row?.value);
  if (!(minutes > 0)) throw new Error('the setting MAX_LOGIN_MINUTES is missing or not a positive number');
  return minutes * 60_000;
}
