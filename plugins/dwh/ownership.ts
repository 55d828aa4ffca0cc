import { type DatabaseAddress, type Host, SetupError, type Sql, type Statement, type Step, type View, message, nothing } from '#kit';
import { lookOr, rows } from '#steps';
import { engineDatabase, ownership } from '../database/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { fqdn } from '../network/settings.ts';
import { isInTheWay } from './elsewhere.ts';
import { disconnectExisting, identity, otherHost } from './settings.ts';

const option = 'DisconnectDwh';
const ask = (value: '0' | '1'): readonly Statement[] => [
  { text: "delete from vdc_options where version = 'general' and option_name = $1", values: [option] },
  { text: "insert into vdc_options (option_name, option_value, version) values ($1, $2, 'general')", values: [option, value] },
];

const asked = async (sql: Sql): Promise<boolean> =>
  (
    await sql.rows<{ value: string }>(
      "select option_name as name, option_value as value from vdc_options where version = 'general' and option_name = any($1)",
      [[option]],
    )
  )[0]?.value === '1';

const pollMs = 2_000;
const polls = 30;

/**
 * Asks the data warehouse of another host to end, over the engine's database that both look at, and waits until it has.
 * It comes first of all: while that one is connected, the engine's database cannot be copied.
 */
export function disconnected(view: View): readonly Step[] {
  if (view.find(disconnectExisting) !== true && !isInTheWay(view)) return [];
  const at = engineDatabase(view);
  const where = otherHost(view) ?? '';
  const runsElsewhere = async (sql: Sql): Promise<boolean> => {
    const { dwhUuid, DwhCurrentlyRunning } = await ownership(sql);
    return dwhUuid !== undefined && dwhUuid !== view.find(identity) && DwhCurrentlyRunning === '1';
  };
  const say = (host: Host, value: '0' | '1'): Promise<void> => host.database.change(at, (sql) => sql.atomically(ask(value)));
  return [
    {
      id: 'dwh/disconnect',
      chapter: 'engine.stop',
      title: message`Stopping the Data Warehouse on ${where}`,
      undo: { run: (host) => say(host, '0') },
      // A wish that was left open by a run that was cut off would end our own one.
      check: async (host) =>
        (await lookOr(host, at, false, async (sql) => (await runsElsewhere(sql)) || (await asked(sql))))
          ? { kind: 'run', note: message`it works on ${at.name}` }
          : nothing,
      async apply(host) {
        await say(host, '1');
        try {
          for (let tries = 0; await host.database.look(at, runsElsewhere); tries++) {
            if (tries === polls)
              throw new SetupError('failed', message`The Data Warehouse on ${where} was asked to end and still runs`, {
                remedy: 'Stop its service there: systemctl disable --now ovirt-engine-dwhd. Then run setup again.',
              });
            await host.sleep(pollMs);
          }
        } finally {
          await say(host, '0');
        }
      },
    },
  ];
}

const set = (values: Readonly<Record<string, string>>): readonly Statement[] =>
  Object.entries(values).map(([name, value]) => ({
    text: 'update dwh_history_timekeeping set var_value = $1 where var_name = $2',
    values: [value, name],
  }));

/** The engine's database is made by the same run, or it is on another host and there. */
const standing = (view: View): { readonly needs: readonly string[]; readonly inside: readonly string[] } =>
  engineHere(view)
    ? { needs: ['engine/schema'], inside: ['database/initdb', 'database/engine', 'engine/schema'] }
    : { needs: [], inside: [] };

const keep = async (sql: Sql): Promise<Readonly<Record<string, string>>> => {
  const { dwhUuid = '', dwhHostname = '' } = await ownership(sql);
  return { dwhUuid, dwhHostname };
};
const undo = (kept: unknown): readonly Statement[] => set(kept as Readonly<Record<string, string>>);

/** Tells the engine which data warehouse it belongs to. */
export function owned(view: View): Step {
  const wanted = { dwhUuid: view.get(identity), dwhHostname: view.get(fqdn) };
  return rows(
    {
      id: 'dwh/owner',
      chapter: 'dwh.configuration',
      title: 'Connecting the engine with its Data Warehouse',
      quiet: true,
      ...standing(view),
    },
    {
      at: engineDatabase(view),
      note: message`${wanted.dwhHostname}`,
      async isRight(sql) {
        const { dwhUuid, dwhHostname } = await ownership(sql);
        if (dwhUuid !== undefined && dwhUuid !== wanted.dwhUuid && view.find(disconnectExisting) !== true)
          throw new SetupError('refused', message`The engine belongs to the Data Warehouse on ${dwhHostname ?? dwhUuid}`, {
            remedy: message`Run setup again to disconnect that one, or say so with --set ${disconnectExisting.key}=True.`,
          });
        return dwhUuid === wanted.dwhUuid && dwhHostname === wanted.dwhHostname;
      },
      keep,
      statements: () => set(wanted),
      undo,
    },
  );
}

/** Leaves the engine without a data warehouse, so that another host may have it; one that it has meanwhile is left alone. */
export function disowned(view: View, at: DatabaseAddress, own: string): Step {
  return rows(
    {
      id: 'dwh/disown',
      chapter: 'dwh.configuration',
      title: 'Disconnecting the engine from its Data Warehouse',
      quiet: true,
      ...standing(view),
    },
    {
      at,
      note: 'dwhUuid',
      isRight: async (sql) => (await ownership(sql))['dwhUuid'] !== own,
      keep,
      statements: () => set({ dwhUuid: '', dwhHostname: '' }),
      undo,
    },
  );
}
