import {
  type DatabaseAddress,
  type Host,
  type HostReader,
  SetupError,
  type Step,
  type Stop,
  type View,
  file,
  message,
  nothing,
  readText,
  term,
  textOfError,
} from '#kit';
import { type Carried, carryOver, unitPath } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { shippedMigrations } from '../../src/setup/render/shipped.ts';
import { dwhHere, historyDatabase, historyOnHost, mayRun, present as presentHistory, stop as dataWarehouse } from '../dwh/settings.ts';
import { stop as engine } from '../engine/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { stop as fenceKdumpListener } from '../fence-kdump/settings.ts';
import { runsHere, stop as notifier } from '../notifier/settings.ts';
import { clear, initdb } from './initdb.ts';
import type { OtherVersion } from './other-version.ts';
import { administration, engineDatabase, otherVersion, paths, programs, serverUnit } from './settings.ts';
import { cleanOld, upgradeServer } from './upgrade.ts';

/*
 * The cluster of a trial is upgraded by copying: both servers run for a while, each on a port of its own, and what the old one holds goes
 * into a new cluster, which then takes the place of the old one. Until then everything is as it was, and afterwards the old one lies aside.
 */

/** Name and owner of the history; that of a data warehouse which was declined later stays, and so it goes along. */
function history(view: View): { readonly name: string; readonly user: string } | undefined {
  if (dwhHere(view)) return historyOnHost(view) ? historyDatabase(view) : undefined;
  const { name, user, foreign } = view.fact(presentHistory);
  return name === undefined || user === undefined || foreign ? undefined : { name, user };
}

/** Our databases on the server, with the migrations of their schemas. */
function carried(view: View): readonly Carried[] {
  const [engine, warehouse] = [engineDatabase(view), history(view)];
  const of = (folder: string) => shippedMigrations(`src/services/${folder}`);
  const own = {
    name: engine.name,
    owner: engine.user,
    schemas: { public: of('engine/schema/engine'), aaa_jdbc: of('engine/schema/aaa_jdbc') },
  };
  return [
    own,
    ...(warehouse === undefined ? [] : [{ name: warehouse.name, owner: warehouse.user, schemas: { public: of('dwh/schema') } }]),
  ];
}

/** What works on the databases has to stand still: what it writes while they are copied would be lost. */
const stops = (view: View): readonly Stop[] => [
  engine,
  fenceKdumpListener,
  ...(mayRun(view) ? [dataWarehouse] : []),
  ...(runsHere(view) ? [notifier] : []),
];

interface PassingServer {
  readonly unit: string;
  /** Folder of its programs. */
  readonly folder: string;
  readonly data: string;
  readonly port: number;
}

/** The two servers that run for the copy alone. */
const passing = (view: View, { former = '', ports: [old, fresh] }: OtherVersion): readonly [PassingServer, PassingServer] => [
  { unit: 'postgresql-old', folder: former, data: paths.data, port: old },
  { unit: 'postgresql-new', folder: view.fact(programs).directory, data: paths.fresh, port: fresh },
];

const pollMs = 50;
/** A minute: a server that was cut off has something to recover first. */
const patience = 1200;

async function startPassing(host: Host, view: View, { unit, folder, data, port }: PassingServer): Promise<DatabaseAddress> {
  const root = view.fact(realRoot);
  const own = [`port=${port}`, 'listen_addresses=localhost', 'unix_socket_directories='].flatMap((setting) => ['-c', setting]);
  const command = [...view.fact(programs).launcher, `${folder}/postgres`, '-D', `${root}${data}`, ...own];
  const text = render('systemd/postgresql.service', { command, logFile: `${root}/var/log/postgresql/postgresql.log` });
  await host.files.write(unitPath(unit), file(text, 0o644));
  await host.services.start(unit);
  const at = { ...administration(view), host: 'localhost', port };
  for (let tries = 0; ; tries++) {
    try {
      await host.database.look(at, (sql) => sql.rows('select 1 from pg_settings limit 1'));
      return at;
    } catch (error) {
      if (tries === patience || !(await host.services.isActive(unit)))
        throw new SetupError('failed', message`The database server of ${root}${data} does not answer: ${term(textOfError(error))}`, {
          remedy: message`Look into ${root}/var/log/postgresql/postgresql.log`,
        });
      await host.sleep(pollMs);
    }
  }
}

async function endPassing(host: Host, servers: readonly PassingServer[]): Promise<void> {
  for (const { unit } of servers) {
    await host.services.stop(unit);
    await host.files.remove(unitPath(unit));
  }
}

/** Whether the new cluster is whole: only then does the old one leave its place. */
const isAside = async (host: HostReader): Promise<boolean> => (await readText(host, `${paths.aside}/PG_VERSION`)) !== undefined;
const isInPlace = async (host: HostReader, version: string): Promise<boolean> =>
  (await readText(host, `${paths.data}/PG_VERSION`))?.trim() === version;

/**
 * Copies the cluster, and puts the new one in the place of the old one. It takes up again wherever it was cut off.
 * @param more.configured the steps that configure a cluster in a directory
 * @param more.started the step that starts the server
 */
export function upgraded(
  view: View,
  more: { readonly configured: (data: string) => readonly Step[]; readonly started: Step },
): readonly Step[] {
  const found = view.fact(otherVersion);
  if (found === undefined || view.find(upgradeServer) !== true) return [];
  const { cluster, programs: version } = found;
  const unit = serverUnit(view);
  const servers = passing(view, found);

  async function copy(host: Host, say: (line: string) => void): Promise<void> {
    await initdb(host, view, paths.fresh);
    try {
      const [from, to] = [await startPassing(host, view, servers[0]), await startPassing(host, view, servers[1])];
      await carryOver(host, { from, to }, carried(view), say);
    } finally {
      await endPassing(host, servers);
    }
    for (const step of more.configured(paths.fresh)) await step.apply(host, say);
    await host.files.rename(paths.data, paths.aside);
  }

  return [
    {
      id: 'database/upgrade',
      chapter: 'database.server',
      title: 'Upgrading PostgreSQL',
      needs: ['database/directories', 'database/unit'],
      starts: unit,
      stops: stops(view),
      undo: {
        async run(host) {
          await endPassing(host, servers);
          if (await isAside(host)) {
            await host.services.stop(unit);
            if ((await host.files.list(paths.data)).length > 0) {
              await host.files.remove(paths.fresh);
              await host.files.rename(paths.data, paths.fresh);
            }
            await host.files.rename(paths.aside, paths.data);
          }
          await clear(host, paths.fresh);
        },
      },
      check: async (host) =>
        (await isInPlace(host, version))
          ? nothing
          : { kind: 'run', note: message`${cluster} -> ${version}, by copying ${String(Math.ceil(found.bytes / 1024 / 1024))} MiB` },
      async apply(host, say) {
        await endPassing(host, servers);
        await host.services.stop(unit);
        if (!(await isAside(host))) await copy(host, say);
        await host.files.rename(paths.fresh, paths.data);
        await more.started.apply(host, say);
      },
    },
  ];
}

/** Leaves the old data where they are kept, or removes them when nothing can fail any more. It is the last step of all. */
export function putAway(view: View): readonly Step[] {
  const found = view.fact(otherVersion);
  if (found === undefined || view.find(upgradeServer) !== true) return [];
  const kept = paths.kept(found.cluster);
  const removes = view.get(cleanOld);
  return [
    {
      id: 'database/old-data',
      chapter: 'database.old',
      title: message`Putting away the data of PostgreSQL ${found.cluster}`,
      quiet: true,
      needs: ['database/upgrade'],
      undo: { run: async (host) => ((await isAside(host)) ? undefined : host.files.rename(kept, paths.aside)) },
      async check(host) {
        if ((await isInPlace(host, found.programs)) && !(await isAside(host))) return nothing;
        return removes
          ? { kind: 'remove', note: 'the old data are removed when everything has succeeded' }
          : { kind: 'run', note: message`the old data are kept in ${kept}` };
      },
      apply: (host) => host.files.rename(paths.aside, kept),
      discard: (host) => (removes ? host.files.remove(kept) : Promise.resolve()),
    },
  ];
}
