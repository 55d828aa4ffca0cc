import { type HostReader, fact, readText } from '#kit';
import { unitPath } from '#steps';
import { paths, trialUnit, trialVersion } from './trial-places.ts';

/*
 * A cluster of PostgreSQL belongs to one major version. The programs of a trial come with ours, and are newer one day; a whole host keeps
 * the programs of every cluster that it has (docs/decisions/0017).
 */

export interface OtherVersion {
  /** Major versions: of the cluster, and of the programs that are to run it. */
  readonly cluster: string;
  readonly programs: string;
  /** Folder of programs of the cluster's version, and where such were looked for. */
  readonly former: string | undefined;
  readonly lookedIn: readonly string[];
  /** Size of the cluster, and what is free beside it. */
  readonly bytes: number;
  readonly free: number;
  /** Ports that both servers may work on meanwhile. */
  readonly ports: readonly [old: number, fresh: number];
  /** Everything has been copied by a run that did not come to its end. */
  readonly copied: boolean;
  /** What lies where the old data are to be kept. */
  readonly inTheWay: boolean;
}

/** Major version of the programs in a folder; undefined where there are none that can be run. */
async function versionOf(host: HostReader, directory: string): Promise<string | undefined> {
  const { launcher } = await host.postgres();
  try {
    const { code, stdout } = await host.query({
      argv: [...launcher, `${directory}/postgres`, '--version'] as unknown as [string, ...string[]],
    });
    return code === 0 ? /(\d+)/.exec(stdout)?.[1] : undefined;
  } catch {
    return undefined;
  }
}

/** The folder of the programs that a unit of ours runs: `ExecStart=... FOLDER/postgres -D ...`, quoted where need be. */
function programsIn(unit: string): string | undefined {
  const [, quoted, plain] = /^ExecStart=.*?(?:"((?:[^"\\]|\\.)*)\/postgres"|(?<=[ =])([^\s"]+)\/postgres) -D /m.exec(unit) ?? [];
  return (quoted?.replace(/\\(.)/g, '$1') ?? plain)?.replaceAll('$$', '$').replaceAll('%%', '%');
}

/** Where programs of a version may be: where the server was run from, and where distributions and PostgreSQL's own packages put them. */
async function former(
  host: HostReader,
  version: string,
): Promise<{ readonly former: string | undefined; readonly lookedIn: readonly string[] }> {
  const own = programsIn((await readText(host, unitPath(trialUnit))) ?? '');
  const lookedIn = [...new Set([...(own === undefined ? [] : [own]), `/usr/lib/postgresql/${version}/bin`, `/usr/pgsql-${version}/bin`])];
  for (const directory of lookedIn) if ((await versionOf(host, directory)) === version) return { former: directory, lookedIn };
  return { former: undefined, lookedIn };
}

async function sizeOf(host: HostReader, path: string): Promise<number> {
  const { stdout } = await host.query({ argv: ['du', '--summarize', '--block-size=1', host.files.real(path)] });
  return Number(/^\d+/.exec(stdout)?.[0] ?? 0);
}

async function freePorts(host: HostReader): Promise<readonly [number, number]> {
  const found: number[] = [];
  for (let port = 25_432; found.length < 2; port++) if ((await host.network.listener(port)) === undefined) found.push(port);
  return [found[0] ?? 0, found[1] ?? 0];
}

/** A cluster of another major version than that of the programs here, or one that has just been brought to it. */
export const otherVersion = fact('postgres-versions', async (host): Promise<OtherVersion | undefined> => {
  if (host.files.real('/') === '/') return undefined;
  const cluster = await trialVersion(host);
  if (cluster === undefined) return undefined;
  const copied = (await readText(host, `${paths.aside}/PG_VERSION`)) !== undefined;
  const { directory, problem } = await host.postgres();
  const programs = problem === undefined ? await versionOf(host, directory) : undefined;
  if (programs === undefined || (programs === cluster && !copied)) return undefined;
  return {
    cluster,
    programs,
    ...(await former(host, cluster)),
    bytes: await sizeOf(host, copied ? paths.aside : paths.data),
    free: await host.files.free(paths.home),
    ports: await freePorts(host),
    copied,
    inTheWay: (await host.files.list(paths.kept(cluster))).length > 0,
  };
});
