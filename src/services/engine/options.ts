import type { Database } from '../frame/database.ts';

/** The value of an engine option that holds for every compatibility version. Throws when the schema lacks it. */
export async function readOption(database: Database, name: string): Promise<string> {
  const [row] = await database.query<{ value: string }>(
    `select option_value as value from vdc_options where option_name = $1 and version = 'general'`,
    [name],
  );
  if (row === undefined) throw new Error(`the option ${name} is missing`);
  return row.value;
}

/** The value of an option that is a positive number. */
export async function readNumber(database: Database, name: string): Promise<number> {
  const number = Number(await readOption(database, name));
  if (!(number > 0)) throw new Error(`the option ${name} is not a positive number`);
  return number;
}
