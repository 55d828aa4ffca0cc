import { type Sql, type Step, type View, message } from '#kit';
import { rows } from '#steps';
import { engineDatabase } from '../database/settings.ts';
import { fqdn } from '../network/settings.ts';
import { formerFqdn, websocketHere, websocketPort } from './settings.ts';

const option = 'WebSocketProxy';
const general = "from vdc_options where version = 'general' and option_name";

const present = async (sql: Sql): Promise<string | undefined> =>
  (await sql.rows<{ value: string }>(`select option_name as name, option_value as value ${general} = any($1)`, [[option]]))[0]?.value;

const replace = (value: string | null) => [
  { text: `delete ${general} = $1`, values: [option] },
  ...(value === null
    ? []
    : [{ text: "insert into vdc_options (option_name, option_value, version) values ($1, $2, 'general')", values: [option, value] }]),
];

/**
 * Tells the engine where it shall send browsers: to the proxy of this host, or to none if that is gone. What an
 * administrator has chosen instead (another host, `Off`) is not overruled.
 */
export function address(view: View): Step {
  const wanted = websocketHere(view) ? `${view.get(fqdn)}:${view.get(websocketPort)}` : null;
  // Also the name that the host had before: whoever renames it has not chosen another proxy.
  const names = [view.get(fqdn), view.fact(formerFqdn)];
  const isOurs = (value: string): boolean => names.some((name) => name !== undefined && value.startsWith(`${name}:`));
  return rows(
    {
      id: 'websocket/address',
      chapter: 'engine.options',
      title: 'Setting the address of the WebSocket proxy',
      quiet: true,
      needs: ['engine/schema'],
      inside: ['database/initdb', 'database/engine', 'engine/schema'],
    },
    {
      at: engineDatabase(view),
      note: message`${option}: ${wanted ?? '-'}`,
      async isRight(sql) {
        const value = await present(sql);
        if (value === undefined) return wanted === null;
        return value === wanted || !isOurs(value);
      },
      keep: async (sql) => (await present(sql)) ?? null,
      statements: () => replace(wanted),
      undo: (kept) => replace(kept as string | null),
    },
  );
}
