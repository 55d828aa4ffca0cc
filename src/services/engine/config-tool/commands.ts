import type { Database } from '../../frame/database.ts';
import { Problem } from '../tool.ts';
import { findOption, flawOf, type Option, options } from './catalogue.ts';

/** What the command line asks for. */
export type Request =
  | { readonly verb: 'help' | 'list' | 'all' | 'diff' }
  | { readonly verb: 'get'; readonly name: string }
  | { readonly verb: 'set'; readonly name: string; readonly value: string };

const known = (name: string): Option => {
  const found = findOption(name);
  if (found === undefined) throw new Problem(`There is no option ${name}. engine-config --list shows all of them.`);
  return found;
};

const line = (name: string, value: string): string => `${name}: ${value} version: general`;

async function values(database: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await database.query<{ name: string; value: string }>(
    `select option_name as name, option_value as value from vdc_options where version = 'general'`,
  );
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** Does what was asked for and returns what to print. Throws Problem. */
export async function run(database: Database, request: Exclude<Request, { readonly verb: 'help' }>): Promise<string> {
  if (request.verb === 'list') return options.map(({ name, about }) => `${name}: ${about}`).join('\n');
  if (request.verb === 'set') return set(database, known(request.name), request.value);
  const found = await values(database);
  const valueOf = ({ name, usual }: Option): string => found.get(name) ?? usual ?? '';
  if (request.verb === 'get') {
    const option = known(request.name);
    return line(option.name, valueOf(option));
  }
  const shown =
    request.verb === 'all' ? options : options.filter((option) => option.usual !== undefined && valueOf(option) !== option.usual);
  return shown
    .map((option) => line(option.name, valueOf(option)) + (request.verb === 'diff' ? ` default: ${option.usual ?? ''}` : ''))
    .join('\n');
}

async function set(database: Database, option: Option, value: string): Promise<string> {
  if (option.readOnly === true) throw new Problem(`${option.name} is not changed by hand.`);
  const flaw = flawOf(option, value);
  if (flaw !== null) throw new Problem(flaw);
  // The change and the event that tells of it are one statement.
  await database.query(
    `with changed as (
       insert into vdc_options (option_name, option_value, default_value, version) values ($1, $2, $3, 'general')
       on conflict (option_name, version) do update set option_value = excluded.option_value
     )
     insert into audit_log (log_time, log_type, log_type_name, severity, message)
     values (now(), 9910, 'ENGINE_OPTION_CHANGED', 0, $4)`,
    [option.name, value, option.usual ?? null, `Option ${option.name} was set to ${value} with engine-config.`],
  );
  return line(option.name, value);
}
