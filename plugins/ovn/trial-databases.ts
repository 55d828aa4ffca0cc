import { type Host, type HostReader, type Step, type Text, type View, fact, message, nothing, readText } from '#kit';
import { absent, command, directories, retired, running, succeed, unitPath, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { realPath } from '../environment/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { programs, schemaOf } from './layouts.ts';
import { portsOf, trialUnits } from './settings.ts';

/* The databases of OVN in a trial: files below its directory and processes of its own, run as ovn-ctl(8) runs those of a host. */

const folders = { data: '/var/lib/ovn', run: '/run/ovn', log: '/var/log/ovn' } as const;

interface Database {
  readonly name: 'northbound' | 'southbound';
  readonly short: 'nb' | 'sb';
  readonly certificate: string;
  readonly making: Text;
  readonly starting: Text;
}
const databases: readonly Database[] = [
  {
    name: 'northbound',
    short: 'nb',
    certificate: 'ovn-ndb',
    making: 'Creating the northbound database of OVN',
    starting: 'Starting the northbound database of OVN',
  },
  {
    name: 'southbound',
    short: 'sb',
    certificate: 'ovn-sdb',
    making: 'Creating the southbound database of OVN',
    starting: 'Starting the southbound database of OVN',
  },
];

const fileOf = ({ short }: Database): string => `${folders.data}/ovn${short}_db.db`;
/** Where a database is made until it is whole. */
const freshOf = (database: Database): string => `${fileOf(database)}.new`;
/** What programs of OVSDB leave beside each file that they have opened. */
const lockOf = (path: string): string => path.replace(/[^/]+$/, (name) => `.${name}.~lock~`);
const socketOf = ({ short }: Database): string => `${folders.run}/ovn${short}_db.sock`;

const presentPort = async (host: HostReader, unit: string): Promise<string | undefined> =>
  / --remote=pssl:(\d+):/.exec((await readText(host, unitPath(unit))) ?? '')?.[1];

/** The ports that the databases of a trial are configured for now. */
export const presentPorts = fact('present-ovn-ports', async (host) => ({
  northbound: await presentPort(host, trialUnits.northbound),
  southbound: await presentPort(host, trialUnits.southbound),
}));

const remove = async (host: Host, paths: readonly string[]): Promise<void> => {
  for (const path of paths) await host.files.remove(path);
};

/** An empty database. It is made beside its place and moved there: a run that is cut off leaves no half one. */
function made(database: Database): Step {
  const [path, fresh] = [fileOf(database), freshOf(database)];
  return command(
    {
      id: `ovn/${database.name}-file`,
      chapter: 'ovn',
      title: database.making,
      quiet: true,
      needs: ['ovn/database-directories'],
    },
    {
      look: async (host) => ((await host.files.read(path)) === undefined ? { kind: 'create', note: path } : nothing),
      async run(host) {
        await remove(host, [fresh]);
        await succeed(host, { argv: [programs.tool, 'create', host.files.real(fresh), schemaOf(database.short)] });
        await remove(host, [lockOf(fresh)]);
        await host.files.rename(fresh, path);
      },
      undo: { run: (host) => remove(host, [fresh, lockOf(fresh), path, lockOf(path)]) },
    },
  );
}

/** The server of a database: with TLS on loopback, and on a socket for whoever may look into the directory of the trial. */
function server(view: View, database: Database): readonly string[] {
  const { name, short, certificate } = database;
  const real = (path: string): string => realPath(view, path);
  return [
    programs.server,
    real(fileOf(database)),
    `--remote=punix:${real(socketOf(database))}`,
    `--remote=pssl:${portsOf(view)[name]}:127.0.0.1`,
    `--private-key=${real(pki.key(certificate))}`,
    `--certificate=${real(pki.certificate(certificate))}`,
    `--ca-cert=${real(pki.authority)}`,
    // The newest that it knows.
    '--ssl-protocols=TLSv1.2',
    `--unixctl=${real(`${folders.run}/ovn${short}_db.ctl`)}`,
    '-vsyslog:off',
  ];
}

/** What makes flows and addresses of networks. */
const translator = (view: View): readonly string[] => [
  programs.translator,
  ...databases.map((database) => `--ovn${database.short}-db=unix:${realPath(view, socketOf(database))}`),
  `--unixctl=${realPath(view, `${folders.run}/ovn-northd.ctl`)}`,
  '-vsyslog:off',
];

interface Part {
  readonly id: string;
  readonly unit: string;
  readonly about: string;
  readonly command: readonly string[];
  readonly starting: Text;
  readonly needs: readonly string[];
}

/** What runs, in the order in which it is started. */
const partsOf = (view: View): readonly Part[] => [
  ...databases.map((database) => ({
    id: database.name,
    unit: trialUnits[database.name],
    about: `The ${database.name} database of OVN`,
    command: server(view, database),
    starting: database.starting,
    needs: [`ovn/${database.name}-file`, `pki/${database.certificate}`],
  })),
  {
    id: 'northd',
    unit: trialUnits.northd,
    about: 'What translates between the databases of OVN',
    command: translator(view),
    starting: 'Starting ovn-northd',
    needs: ['ovn/northbound', 'ovn/southbound'],
  },
];

/** OVN runs, without a datapath, and the provider reaches it with certificates of our authority. */
export const opened = (view: View): readonly Step[] => [
  directories(
    { id: 'ovn/database-directories', chapter: 'ovn', title: 'Creating directories of OVN', quiet: true },
    Object.values(folders).map((path) => ({ path, mode: 0o700, ours: true })),
  ),
  ...databases.map(made),
  ...partsOf(view).flatMap(({ id, unit, about, command: words, starting, needs }) => {
    const logFile = realPath(view, `${folders.log}/${unit}.log`);
    return [
      writeFile(
        { id: `ovn/${id}-unit`, chapter: 'ovn', title: message`Installing the unit ${unit}`, quiet: true, notify: [unit] },
        { path: unitPath(unit), content: render('systemd/ovn.service', { about, command: words, logFile }) },
      ),
      running(
        { id: `ovn/${id}`, chapter: 'ovn', title: starting, quiet: true, needs: [...needs, `ovn/${id}-unit`] },
        { unit, remedy: message`Look into ${logFile}` },
      ),
    ];
  }),
];

/** OVN is stopped for good. What is in its databases stays. */
export function closed(): readonly Step[] {
  const units = Object.entries(trialUnits).toReversed();
  return [
    ...units.map(([id, unit]) =>
      retired({ id: `ovn/${id}`, chapter: 'ovn', title: message`Stopping ${unit} for good`, quiet: true }, unit),
    ),
    absent(
      { id: 'ovn/database-units', chapter: 'units', title: 'Removing the units of OVN', quiet: true },
      units.map(([, unit]) => unitPath(unit)),
    ),
  ];
}
