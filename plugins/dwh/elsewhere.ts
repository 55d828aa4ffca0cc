import { type HostReader, type Summary, type View, fact, message } from '#kit';
import { lookOr, schemaVersion } from '#steps';
import { newestVersion } from '../../src/setup/render/shipped.ts';
import { clients, engineDatabase, isOurs, isReachable, ownership, paths, presentAddress } from '../database/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { isWholeHost } from '../environment/settings.ts';
import { fqdn } from '../network/settings.ts';
import { dwhHere, otherWarehouse, unit } from './settings.ts';

/* An engine whose data warehouse is to be on another host. */

/** Schemas of the engine's database, each with the folder of its migrations. */
const schemas = { public: 'engine', aaa_jdbc: 'aaa_jdbc' } as const;

/** Whether one of them is older than this program. */
export const engineIsOld = fact('engine-schema-old', async (host): Promise<boolean> => {
  const at = await presentAddress(host);
  if (at === undefined) return false;
  return lookOr(host, at, false, async (sql) => {
    for (const [name, folder] of Object.entries(schemas)) {
      const version = await schemaVersion(sql, name);
      if (version !== undefined && version < newestVersion(`src/services/engine/schema/${folder}`)) return true;
    }
    return false;
  });
});

/** Whether a data warehouse on another host has to let go of the database: an upgrade copies it, which takes that nobody is connected. */
export const isInTheWay = (view: View): boolean =>
  engineHere(view) && !dwhHere(view) && view.fact(engineIsOld) && view.fact(otherWarehouse) !== undefined;

/** What that host is told, by the names of the questions there. The password stays where it is. */
export async function elsewhere(view: View, host: HostReader): Promise<readonly Summary[]> {
  if (!isWholeHost(view)) return [];
  const at = engineDatabase(view);
  const { dwhUuid, dwhHostname } = await lookOr<Awaited<ReturnType<typeof ownership>>>(host, at, {}, ownership);
  if (dwhUuid !== undefined)
    return [
      {
        block: 'databases',
        lines: [message`The Data Warehouse of this engine is on ${dwhHostname ?? dwhUuid}`],
        warnings: isInTheWay(view)
          ? [message`The Data Warehouse was stopped for the upgrade. Start it on its host: systemctl start ${unit}. Then update it, too.`]
          : [],
      },
    ];
  const ours = isOurs(view);
  const lines = [
    message`To set up the Data Warehouse on another host, run engine-setup there, with No for the engine. It asks for:`,
    message`    Name of the engine server: ${view.get(fqdn)}`,
    message`    Engine database host: ${at.host === 'localhost' ? view.get(fqdn) : at.host}`,
    message`    Engine database port: ${at.port}`,
    message`    Engine database secured connection: ${ours || at.tls !== undefined ? 'Yes' : 'No'}`,
    message`    Engine database name: ${at.name}`,
    message`    Engine database user: ${at.user}`,
    message`    Engine database password: ENGINE_DB_PASSWORD in ${paths.engineConfiguration} on this host`,
    ...(ours && !isReachable(view)
      ? [message`No other host reaches that database yet. Let it in with: engine-setup --set=${clients.key}=HOST`]
      : []),
  ];
  return [{ block: 'databases', lines, warnings: ['The Data Warehouse is not set up on this host'] }];
}
