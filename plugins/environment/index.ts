import { type HostReader, type Problem, type View, fact, message, plugin } from '#kit';
import { directories } from '#steps';
import { isWholeHost, memoryCheck, memoryFinding, realRoot, sandbox, system } from './settings.ts';

/** Distributions that the program knows its way around on. Below a root any of them will do. */
const supported: Readonly<Record<string, readonly string[]>> = { debian: ['12'] };

/** Room that an installation needs below /var and /etc: the database cluster takes most of it. */
const neededBytes = 300 * 1024 * 1024;

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;

/** The original product, by the package that its setup comes with. */
const original = fact('original-installed', async (host) => {
  const version = await host.packages.version('ovirt-engine-setup-base');
  return version === undefined ? undefined : `ovirt-engine-setup-base ${version}`;
});

/** Hosts that the program would not find its way around on. */
function foundation(view: View): readonly Problem[] {
  if (!isWholeHost(view)) return [];
  const problems: Problem[] = [];
  const { id, version, title } = view.fact(system).distribution;
  if (supported[id]?.includes(version) !== true)
    problems.push({
      id: 'unsupported-host',
      level: 'error',
      message: message`${title} is not supported; this version knows Debian 12`,
      remedy: 'Install on Debian 12, or try the product on this machine with: engine-setup sandbox start',
    });
  const found = view.fact(original);
  if (found !== undefined)
    problems.push({
      id: 'original-installed',
      level: 'error',
      message: message`The original product is installed on this host (${found}); the two would overwrite each other's files`,
      remedy: 'Use another host. What is there can be taken away with engine-cleanup of the original and its package manager.',
    });
  return problems;
}

async function room(host: HostReader): Promise<readonly Problem[]> {
  const free = await host.files.free('/var/lib');
  if (free >= neededBytes) return [];
  const where = host.files.real('/var/lib');
  return [
    {
      id: 'disk-space',
      level: 'doubt',
      message: message`${where} has ${mebibytes(free)} left; an installation needs ${mebibytes(neededBytes)}`,
      remedy: 'Make room, or go on anyway with --allow disk-space.',
      consent: { text: 'Do you want Setup to continue, with less room on the disk than needed?' },
    },
  ];
}

function memory(view: View): readonly Problem[] {
  const found = memoryFinding(view);
  if (found === undefined) return [];
  return [
    {
      id: 'low-memory',
      level: view.get(memoryCheck) ? found.level : 'warning',
      message: found.text,
      remedy: 'Give the machine more memory, or go on anyway with --allow low-memory.',
      consent: {
        name: 'OVESETUP_MEMCHECK_ENABLED',
        text: 'Do you want Setup to continue, with amount of memory less than recommended?',
        settles: { key: memoryCheck.key, value: false },
      },
    },
  ];
}

export default plugin({
  name: 'environment',
  facts: [sandbox, realRoot, system, original],
  settings: [memoryCheck],
  preflight: async (view, host) => [...foundation(view), ...(await room(host)), ...memory(view)],
  steps: () => [
    directories({ id: 'environment/directories', chapter: 'pki.refresh', title: 'Creating directories', quiet: true }, [
      { path: '/etc/ovirt-engine', mode: 0o755 },
      { path: '/etc/ovirt-engine/engine.conf.d', mode: 0o755 },
      { path: '/var/lib/ovirt-engine', mode: 0o755 },
      { path: '/var/log/ovirt-engine', mode: 0o755, ours: true },
      { path: '/var/cache/ovirt-engine', mode: 0o700, ours: true },
      { path: '/var/cache/ovirt-engine/compile', mode: 0o700, ours: true },
      { path: '/run/ovirt-engine', mode: 0o700, ours: true },
      { path: '/etc/systemd/system/multi-user.target.wants', mode: 0o755 },
    ]),
  ],
  summary: (view) => {
    const found = memoryFinding(view);
    return Promise.resolve(found === undefined ? [] : [{ block: 'memory', lines: [], warnings: [found.text] }]);
  },
});
