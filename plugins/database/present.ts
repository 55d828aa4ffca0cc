import { type DatabaseAddress, type HostReader, fact, readText } from '#kit';
import { foreignServer } from '../../src/setup/postgres/own-server.ts';
import { paths as dwh } from '../dwh/component.ts';
import { hostCluster } from './host-cluster.ts';
import { paths, trialVersion } from './trial-places.ts';

/* The engine's database that an earlier run has configured. */

/** One value of a service's configuration as setup wrote it. */
export const valueIn = (configuration: string, key: string): string | undefined =>
  new RegExp(`^${key}="((?:[^"\\\\]|\\\\.)*)"$`, 'm').exec(configuration)?.[1]?.replace(/\\(.)/g, '$1');

/** The way into the database that an earlier run has configured, and whether the cluster is still there. */
export const present = fact('database-present', async (host) => {
  const configuration = (await readText(host, paths.engineConfiguration)) ?? '';
  return {
    // The server's own word: it runs before the engine is configured.
    port: /^port = '(\d+)'$/m.exec((await readText(host, `${paths.data}/postgresql.conf`)) ?? '')?.[1],
    /** Whether somebody else runs the server: it is not there below our paths, and its place stays what it was. */
    foreign: configuration.includes(foreignServer),
    host: valueIn(configuration, 'ENGINE_DB_HOST'),
    enginePort: valueIn(configuration, 'ENGINE_DB_PORT'),
    secured: valueIn(configuration, 'ENGINE_DB_SECURED') === 'True',
    validated: valueIn(configuration, 'ENGINE_DB_SECURED_VALIDATION') === 'True',
    name: valueIn(configuration, 'ENGINE_DB_DATABASE'),
    user: valueIn(configuration, 'ENGINE_DB_USER'),
    password: valueIn(configuration, 'ENGINE_DB_PASSWORD'),
    adminPassword: (await readText(host, paths.adminPassword))?.trim(),
    cluster: (await hostCluster.probe(host))?.exists ?? (await trialVersion(host)) !== undefined,
    /** Something lies where our cluster would: another cluster, or what is left of one. */
    occupied: (await host.files.list(paths.data)).length > 0,
  };
});

/** The engine's way into the database that an earlier run has configured; undefined where it has configured none. */
export async function presentAddress(host: HostReader): Promise<DatabaseAddress | undefined> {
  const { host: server = 'localhost', enginePort, name, user, password, secured, validated } = await present.probe(host);
  if (name === undefined || user === undefined || password === undefined) return undefined;
  const tls = secured ? { tls: validated ? ('verified' as const) : ('required' as const) } : {};
  return { host: server, port: Number(enginePort ?? 5432), name, user, password, ...tls };
}

/** How the configuration of the data warehouse says where its engine is; the template has the same line. */
const engineIsAway = '# The engine is on another host.';

/** The database of an engine on another host, as an earlier run has configured the data warehouse of this one for it. */
export const engineElsewhere = fact('engine-elsewhere', async (host) => {
  const configuration = (await readText(host, dwh.fragment('10-setup-database.conf'))) ?? '';
  if (!configuration.includes(engineIsAway)) return undefined;
  const value = (key: string): string => valueIn(configuration, `ENGINE_DB_${key}`) ?? '';
  return {
    host: value('HOST'),
    port: Number(value('PORT')),
    name: value('DATABASE'),
    user: value('USER'),
    password: value('PASSWORD'),
    secured: value('SECURED') === 'True',
    validated: value('SECURED_VALIDATION') === 'True',
    authority: await readText(host, dwh.engineAuthority),
  };
});

/** The way into it. */
export function addressElsewhere({ secured, validated, authority, ...at }: Elsewhere): DatabaseAddress {
  if (!secured) return at;
  return { ...at, tls: validated ? 'verified' : 'required', ...(authority === undefined ? {} : { authority }) };
}

type Elsewhere = NonNullable<Awaited<ReturnType<(typeof engineElsewhere)['probe']>>>;
