import { type Change, type Host, type HostReader, type Step, type Text, type View, nothing } from '#kit';
import { running, succeed } from '#steps';
import { paths as pki } from '../pki/settings.ts';
import { layout, ports, withoutIpv6 } from './settings.ts';

/* The databases of OVN: who may come to them over networks, and how. That stands in the databases themselves. */

interface Database {
  readonly name: 'northbound' | 'southbound';
  readonly opening: Text;
  readonly closing: Text;
  /** The program that speaks with it, over its socket on this host. */
  readonly program: 'ovn-nbctl' | 'ovn-sbctl';
  readonly certificate: string;
  /** Where it listens: with TLS, on every address. */
  readonly target: string;
  /** What may be done there, where that is said beside the target. */
  readonly rights?: string;
  /** After so long of silence a host is asked whether it is there; 5 s by default, which is short for many hosts. */
  readonly probeMs?: number;
}

/** The databases. Addresses of IPv6 stand for those of IPv4, too; a kernel without IPv6 has none of them. */
const databasesOf = (anyAddress: string): readonly Database[] => [
  {
    name: 'northbound',
    opening: 'Opening the northbound database of OVN for TLS',
    closing: 'Closing the northbound database of OVN',
    program: 'ovn-nbctl',
    certificate: 'ovn-ndb',
    target: `pssl:${ports.northbound}${anyAddress}`,
  },
  {
    name: 'southbound',
    opening: 'Opening the southbound database of OVN for TLS',
    closing: 'Closing the southbound database of OVN',
    program: 'ovn-sbctl',
    certificate: 'ovn-sdb',
    target: `pssl:${ports.southbound}${anyAddress}`,
    rights: 'read-write role= ',
    probeMs: 60_000,
  },
];

/** How a database is reached: the files of its TLS (key, certificate, authority), and where it listens or connects to. */
interface Access {
  readonly tls: readonly string[];
  /** Each as the words that set it: of the southbound database also what may be done there. */
  readonly targets: readonly string[];
}

/** A target as the words that set it. */
const targetOf = ({ rights = '', target }: Database): string => `${rights}${target}`;

const timeout = '--timeout=30';

/** Looks at a database; undefined while it does not run. */
async function accessOf(host: HostReader, { program }: Database, unit: string): Promise<Access | undefined> {
  if (!(await host.services.isActive(unit))) return undefined;
  const ask = async (what: string) => host.query({ argv: [program, timeout, what] });
  const [tls, targets] = [await ask('get-ssl'), await ask('get-connection')];
  if (tls.code !== 0 || targets.code !== 0) return undefined;
  const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');
  const files = lines(tls.stdout).flatMap((line) => /^(?:Private key|Certificate|CA Certificate): (.+)$/.exec(line)?.[1] ?? []);
  return { tls: files, targets: lines(targets.stdout).map((line) => line.replace(/ role="(.*)" /, ' role=$1 ')) };
}

/** The words that make it so. TLS 1.2 is the newest that its servers know. */
const command = ({ program, probeMs }: Database, { tls, targets }: Access): readonly [string, ...string[]] => [
  program,
  timeout,
  ...(tls.length === 3 ? ['set-ssl', ...tls, 'TLSv1.2', 'HIGH'] : ['del-ssl']),
  '--',
  ...(targets.length === 0
    ? ['del-connection']
    : [
        ...(probeMs === undefined ? [] : [`--inactivity-probe=${probeMs}`]),
        'set-connection',
        ...targets.flatMap((target) => target.split(' ')),
      ]),
];

/** Changes a database, also when the run is taken back after the power was cut: then it has to be started for that. */
async function change(host: Host, database: Database, access: Access, unit: string): Promise<void> {
  if (!(await host.services.isActive(unit))) await host.services.start(unit);
  await succeed(host, { argv: command(database, access) });
}

function reached(database: Database, how: 'open' | 'closed', wanted: (found: Access) => Access | undefined, unit: string): Step {
  const { name, opening, closing } = database;
  return {
    id: `ovn/${name}`,
    chapter: 'ovn',
    title: how === 'open' ? opening : closing,
    quiet: true,
    ...(how === 'open' ? { needs: ['ovn/central', `pki/${database.certificate}`] } : {}),
    prepare: async (host) => {
      const { tls, targets } = (await accessOf(host, database, unit)) ?? { tls: [], targets: [] };
      return { tls, targets };
    },
    undo: { run: (host, kept) => change(host, database, kept as unknown as Access, unit) },
    async check(host): Promise<Change> {
      const found = await accessOf(host, database, unit);
      // Of one that does not run nobody knows; one that never will need not be closed.
      if (found === undefined) {
        return how === 'open' || (await host.services.isEnabled(unit)) ? { kind: 'run', note: database.target } : nothing;
      }
      return wanted(found) === undefined ? nothing : { kind: 'run', note: database.target };
    },
    async apply(host) {
      if (!(await host.services.isActive(unit))) await host.services.start(unit);
      const access = wanted((await accessOf(host, database, unit)) ?? { tls: [], targets: [] });
      if (access !== undefined) await change(host, database, access, unit);
    },
  };
}

const filesOf = ({ certificate }: Database): readonly string[] => [pki.key(certificate), pki.certificate(certificate), pki.authority];

/** OVN runs, and the provider and hosts reach its databases with certificates of our authority. Where else they listen stays as it is. */
export function opened(view: View): readonly Step[] {
  const { unit } = view.fact(layout);
  const databases = databasesOf(view.fact(withoutIpv6) ? '' : ':[::]');
  return [
    running(
      { id: 'ovn/central', chapter: 'ovn', title: 'Starting the databases of OVN', quiet: true },
      {
        unit,
        answers: async (host) => (await Promise.all(databases.map((one) => accessOf(host, one, unit)))).every((one) => one !== undefined),
        remedy: 'See why with: journalctl --unit=ovn-*',
      },
    ),
    ...databases.map((database) =>
      reached(
        database,
        'open',
        ({ tls, targets }) => {
          const files = filesOf(database);
          if (tls.join('\n') === files.join('\n') && targets.includes(targetOf(database))) return undefined;
          return { tls: files, targets: [...new Set([...targets, targetOf(database)])] };
        },
        unit,
      ),
    ),
  ];
}

/** Nobody comes to the databases over networks any more by what we have set. OVN and all that is in it stay. */
export function closed(view: View): readonly Step[] {
  const { unit } = view.fact(layout);
  const databases = databasesOf(view.fact(withoutIpv6) ? '' : ':[::]');
  return databases.map((database) =>
    reached(
      database,
      'closed',
      ({ tls, targets }) => {
        if (tls.join('\n') !== filesOf(database).join('\n')) return undefined;
        return { tls: [], targets: targets.filter((one) => one !== targetOf(database)) };
      },
      unit,
    ),
  );
}
