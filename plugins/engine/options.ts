import { type Sql, type Step, type View, message } from '#kit';
import { rows } from '#steps';
import { shippedText } from '../../src/setup/render/shipped.ts';
import { engineDatabase } from '../database/settings.ts';
import { listenerPort, presentPort } from '../fence-kdump/settings.ts';
import { applicationMode, installed, sanWipeAfterDelete } from './settings.ts';

const { version } = JSON.parse(shippedText('package.json')) as { version: string };

/** How the engine stores the application modes. */
const modes = { virt: '1', gluster: '2', both: '255' } as const;

/** The options that this run settles. What was asked at the first installation alone is left to the administrator afterwards. */
function wantedOptions(view: View): Readonly<Record<string, string>> {
  const mode = view.find(applicationMode);
  const wipe = view.fact(installed) && !view.given(sanWipeAfterDelete) ? undefined : view.find(sanWipeAfterDelete);
  // Hosts are told the port of the listener once: an administrator may forward another one to it later.
  const kdumpPort = String(view.get(listenerPort));
  return {
    ProductRPMVersion: version,
    ...(kdumpPort === view.fact(presentPort) ? {} : { FenceKdumpDestinationPort: kdumpPort }),
    ...(mode === undefined ? {} : { ApplicationMode: modes[mode] }),
    ...(wipe === undefined ? {} : { SANWipeAfterDelete: String(wipe) }),
  };
}

const general = "from vdc_options where version = 'general' and option_name";

async function presentOptions(sql: Sql, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = await sql.rows<{ name: string; value: string }>(`select option_name as name, option_value as value ${general} = any($1)`, [
    names,
  ]);
  return new Map(found.map(({ name, value }) => [name, value]));
}

/** Replaces the values of options; null takes one away. */
const replace = (values: Readonly<Record<string, string | null>>) =>
  Object.entries(values).flatMap(([name, value]) => [
    { text: `delete ${general} = $1`, values: [name] },
    ...(value === null
      ? []
      : [{ text: "insert into vdc_options (option_name, option_value, version) values ($1, $2, 'general')", values: [name, value] }]),
  ]);

/** The step that gives the engine the options which the wizard asks for. */
export function options(view: View, inside: readonly string[]): Step {
  const wanted = wantedOptions(view);
  const names = Object.keys(wanted);
  return rows(
    {
      id: 'engine/options',
      chapter: 'engine.options',
      title: 'Setting engine options',
      quiet: true,
      needs: ['engine/schema'],
      inside: [...inside, 'engine/schema'],
    },
    {
      at: engineDatabase(view),
      note: message`${names.join(', ')}`,
      async isRight(sql) {
        const found = await presentOptions(sql, names);
        return names.every((name) => found.get(name) === wanted[name]);
      },
      async keep(sql) {
        const found = await presentOptions(sql, names);
        return Object.fromEntries(names.map((name) => [name, found.get(name) ?? null]));
      },
      statements: () => replace(wanted),
      undo: (kept) => replace(kept as Readonly<Record<string, string | null>>),
    },
  );
}
