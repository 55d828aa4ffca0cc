import { type View, fact, message, setting, yesNo } from '#kit';
import type { WantedUnit } from '#steps';

/** Whether the installation lives below a directory of its own, without touching the rest of the host. */
export const sandbox = fact('sandbox', (host) => Promise.resolve(host.files.real('/') !== '/'));

/** Where a path of the installation really lies: services know nothing of sandboxes, so their configuration names real paths. */
export const realRoot = fact('real-root', (host) => Promise.resolve(host.files.real('/').replace(/\/$/, '')));

/** A path of the installation as services have to know it. */
export const realPath = (view: View, path: string): string => `${view.fact(realRoot)}${path}`;

/** Memory and distribution of the machine. */
export const system = fact('system', (host) => host.system());

/** Whether this is a host of its own, where components of the system are configured too. */
export const isWholeHost = (view: View): boolean => !view.fact(sandbox);

/** The program itself: where services run from. */
export const program = fact('program', (host) => host.program());

/** A file of the program, where services find it. */
export const programPath = (view: View, path: string): string => `${view.fact(program).home}/${path}`;

/** Accounts of services on a whole host, each with a group of its name. Those of `readers` may read how the engine's database is reached. */
export const accounts = {
  engine: 'ovirt',
  dwh: 'ovirt-dwh',
  websocketProxy: 'ovirt-websocket-proxy',
  fenceKdumpListener: 'ovirt-fence-kdump',
  notifier: 'ovirt-notifier',
  vmconsole: 'ovirt-vmconsole',
  ovnProvider: 'ovirt-provider-ovn',
  imageio: 'ovirt-imageio',
} as const;
export const readers: readonly string[] = [accounts.fenceKdumpListener, accounts.notifier];

/** Owner of what an account alone works with. Services of a trial run as whoever has started it. */
export const ownedBy = (view: View, account: string): { readonly owner?: string; readonly group?: string } =>
  isWholeHost(view) ? { owner: account, group: account } : {};

/** Owner of what an account reads and only root changes. */
export const readBy = (view: View, account: string): { readonly owner?: string; readonly group?: string } =>
  isWholeHost(view) ? { owner: 'root', group: account } : {};

/** Where a service of ours tells how it is. */
export const healthSocketOf = (unit: string): string => `/run/ovirt-engine/${unit}/health.sock`;

const cache = '/var/cache/ovirt-engine';

/** What all units of our services have in common. Paths in `environment` and `log` are those of the installation, not of a trial. */
export function serviceUnit(
  view: View,
  service: {
    readonly unit: string;
    readonly account: string;
    /** The source that it begins in. */
    readonly main: string;
    /** Options of its runtime. */
    readonly options?: readonly string[];
    /** Variables that name its configuration files. */
    readonly configuration: Readonly<Record<string, string>>;
    /** Further variables. */
    readonly environment?: readonly string[];
    readonly log: string;
    /** What root may that its account may on a whole host, too. */
    readonly capabilities?: readonly string[];
    /** Groups of other services that it is in on a whole host, to reach their sockets. */
    readonly groups?: readonly string[];
  },
): WantedUnit {
  const root = view.fact(realRoot);
  const whole = isWholeHost(view);
  const { unit, account, main, options = [], configuration, environment = [], log, capabilities = [], groups = [] } = service;
  return {
    unit,
    command: [programPath(view, 'node_modules/.bin/node'), ...options, programPath(view, main)],
    environment: [
      ...Object.entries(configuration).map(([name, path]) => `${name}=${root}${path}`),
      `NODE_COMPILE_CACHE=${root}${cache}/${whole ? unit : 'compile'}`,
      ...environment,
    ],
    logFile: `${root}${log}`,
    ...(whole ? { account, capabilities, groups } : { writable: [`${root}/run/ovirt-engine`, `${root}${cache}/compile`] }),
  };
}

/** Who runs setup. */
export const runner = fact('runner', (host) => host.user());

export const developerMode = setting({
  key: 'OVESETUP_CORE/developerMode',
  section: 'product',
  kind: yesNo,
  about: 'Whether an ordinary account installs below a directory of its own (--root), which needs no rights. Setup sees that itself.',
  remember: false,
  settled: (view) => !view.fact(runner).root,
});

/** What an installation needs, in MiB. A trial runs nothing but the engine and its database. */
const memoryNeeds = (view: View): { readonly minimum: number; readonly recommended: number } =>
  view.fact(sandbox) ? { minimum: 768, recommended: 1024 } : { minimum: 4096, recommended: 16_384 };

/** The kernel keeps some memory for itself: a machine of 4 GiB shows less. */
const tolerance = 0.9;

/** How the memory of this machine compares with what an installation needs. */
export function memoryFinding(view: View): { readonly level: 'doubt' | 'warning'; readonly text: ReturnType<typeof message> } | undefined {
  const { memoryMiB } = view.fact(system);
  const { minimum, recommended } = memoryNeeds(view);
  if (memoryMiB < minimum * tolerance)
    return {
      level: 'doubt',
      text: message`Warning: Not enough memory is available on the host. Minimum requirement is ${minimum}MB, and ${recommended}MB is recommended.`,
    };
  if (memoryMiB < recommended * tolerance)
    return {
      level: 'warning',
      text: message`Warning: Less than ${recommended}MB of memory is available on the host, which is recommended.`,
    };
  return undefined;
}

export const memoryCheck = setting({
  key: 'OVESETUP_SYSTEM/memCheckEnabled',
  section: 'misc',
  kind: yesNo,
  about: 'Whether setup asks before it goes on with less memory than required. No: it only warns.',
  // The question is asked with the other findings about the host; an answer file keeps what was said.
  initial: true,
});
