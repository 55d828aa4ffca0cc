import { type HostReader, type Problem, type View, fact, message, plugin } from '#kit';
import { directories } from '#steps';
import { clock } from './clock.ts';
import { developerMode, isWholeHost, memoryCheck, memoryFinding, program, realRoot, runner, sandbox, system } from './settings.ts';
import { kernelSharedMemory, neededSharedMemory } from './shared-memory.ts';
import { wholeHost } from './whole-host.ts';

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
  const { name, root } = view.fact(runner);
  if (!root)
    problems.push({
      id: 'not-root',
      level: 'error',
      message: message`Setup is run by ${name}, who may not configure this host`,
      remedy: 'Run it as root, or install below a directory of your own with --root=DIRECTORY.',
    });
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

/** On a host of its own the kernel is told to give more. */
function sharedMemory(view: View): readonly Problem[] {
  const limit = view.fact(kernelSharedMemory);
  if (limit === undefined || limit >= neededSharedMemory || isWholeHost(view)) return [];
  return [
    {
      id: 'shared-memory',
      level: 'doubt',
      message: message`The kernel gives at most ${mebibytes(limit)} of shared memory at once; PostgreSQL may need ${mebibytes(neededSharedMemory)}`,
      remedy: message`Raise it: sysctl -w kernel.shmmax=${neededSharedMemory}. Or go on anyway with --allow shared-memory.`,
      consent: {
        name: 'OVESETUP_SYSTEM_SYSCTL_SHMEM',
        text: 'Do you want Setup to continue, with less shared memory than PostgreSQL may need?',
      },
    },
  ];
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
  facts: [sandbox, realRoot, runner, program, system, kernelSharedMemory, original],
  settings: [developerMode, memoryCheck],
  preflight: async (view, host) => [
    ...foundation(view),
    ...(await room(host)),
    ...sharedMemory(view),
    ...(await clock(view, host)),
    ...memory(view),
  ],
  steps: (view) => [
    ...(isWholeHost(view) ? wholeHost(view) : []),
    directories({ id: 'environment/directories', chapter: 'pki.refresh', title: 'Creating directories', quiet: true }, [
      { path: '/etc/ovirt-engine', mode: 0o755 },
      { path: '/etc/ovirt-engine/engine.conf.d', mode: 0o755 },
      { path: '/var/lib/ovirt-engine', mode: 0o755 },
      { path: '/var/log/ovirt-engine', mode: 0o755, ours: true },
      // On a whole host systemd makes what services write to, for their accounts.
      ...(isWholeHost(view)
        ? []
        : [
            { path: '/var/cache/ovirt-engine', mode: 0o700, ours: true },
            { path: '/var/cache/ovirt-engine/compile', mode: 0o700, ours: true },
            { path: '/run/ovirt-engine', mode: 0o700, ours: true },
          ]),
      { path: '/etc/systemd/system/multi-user.target.wants', mode: 0o755 },
    ]),
  ],
  summary: (view) => {
    const found = memoryFinding(view);
    return Promise.resolve(found === undefined ? [] : [{ block: 'memory', lines: [], warnings: [found.text] }]);
  },
});
