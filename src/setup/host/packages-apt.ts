import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from '../kit/errors.ts';
import type { Host, Output, PackageUpdate } from '../kit/host.ts';
import { type Message, type Text, message } from '../kit/text.ts';
import type { Run } from './commands.ts';
import { networkMs, pass, products, workMs } from './package-work.ts';

const lockSeconds = 300;

const quiet = [
  'env',
  'DEBIAN_FRONTEND=noninteractive',
  'APT_LISTCHANGES_FRONTEND=none',
  'NEEDRESTART_MODE=l',
  'apt-get',
  '--quiet',
] as const;

/** What apt complains about, without its prefix: at most the first three of its errors, those of dpkg first, from which others follow. */
function complaintOf({ stderr, stdout }: Output): string {
  // dpkg talks to a terminal of apt's, and tells the reason in a line of its own.
  const lines = `${stderr}\n${stdout}`
    .replaceAll('\r\n', '\n')
    .replace(/^(dpkg: .*:)\n\s+/gm, '$1 ')
    .split('\n')
    .map((line) => line.trim());
  const errors = [...lines.filter((line) => line.startsWith('dpkg: ')), ...lines.filter((line) => line.startsWith('E: '))];
  const told = errors.length > 0 ? errors.slice(0, 3) : lines.filter((line) => line !== '').slice(-3);
  return told.map((line) => line.replace(/^E: /, '')).join('; ');
}

/** What `apt-cache policy` says of one package: whether there is a newer version, and whether the present one can still be had. */
export function updateIn(policy: string, name: string): PackageUpdate | undefined {
  const from = /^ {2}Installed: (\S+)$/m.exec(policy)?.[1];
  const to = /^ {2}Candidate: (\S+)$/m.exec(policy)?.[1];
  if (from === undefined || to === undefined || from === '(none)' || to === '(none)' || from === to) return undefined;
  // In the table of versions each is followed by the places where it can be had; what dpkg has installed is none of them.
  let at = '';
  const places = policy.split('\n').filter((line) => {
    const version = /^ (?:\*\*\*| {3}) (\S+)/.exec(line)?.[1];
    if (version !== undefined) at = version;
    // A priority of four digits, which a pin may give, begins one column earlier.
    return version === undefined && at === from && /^ {7}/.test(line) && !line.includes('/var/lib/dpkg/status');
  });
  return { name, from, to, reversible: places.length > 0 };
}

/** A name of a package without the processor it is for. */
const bare = (name: string): string => name.replace(/:.*/, '');

/**
 * What some packages need, directly or through others, of those in a table of dpkg: name, names that it provides, and its relations as
 * dpkg writes them (`a (>= 1), b | c`). Of alternatives every one counts that is there.
 */
export function closureOf(names: readonly string[], table: string): readonly string[] {
  const rows = table.split('\n').flatMap((line) => {
    const [name = '', provides = '', relations = ''] = line.split('\t');
    const namesIn = (text: string): readonly string[] =>
      [...text.matchAll(/(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]*)/g)].map(([, one = '']) => one);
    return name === '' ? [] : [{ name, called: new Set([bare(name), ...namesIn(provides)]), needs: namesIn(relations) }];
  });
  const found = new Set<string>();
  const add = (wanted: string): void => {
    for (const { name, called, needs } of rows) {
      if (!called.has(bare(wanted)) || found.has(name)) continue;
      found.add(name);
      needs.forEach(add);
    }
  };
  names.forEach(add);
  return [...found];
}

/** Packages of this host, by dpkg and apt (apt-get(8), apt 2.2 or newer). */
export function aptPackages(run: Run): Host['packages'] {
  async function version(name: string): Promise<string | undefined> {
    const { stdout } = await run({ argv: ['dpkg-query', '--show', '--showformat=${db:Status-Abbrev}\\t${Version}', '--', name] });
    const [status = '', found] = stdout.split('\t');
    return status.startsWith('ii') ? found : undefined;
  }

  async function must(argv: readonly [string, ...string[]], timeoutMs: number, what: Message, remedy?: Text): Promise<void> {
    const output = await run({ argv, timeoutMs, pass });
    if (output.code !== 0) throw new SetupError('failed', message`${what}: ${complaintOf(output)}`, remedy === undefined ? {} : { remedy });
  }

  /** Whether a file of a source can really be fetched: lists may be old, and the network away. */
  async function fetches(names: readonly string[], options: readonly string[], folder: string): Promise<Output> {
    const { stdout } = await run({
      argv: [...quiet, ...options, 'install', '--no-install-recommends', '--print-uris', '--yes', '--', ...names],
    });
    const files = [...stdout.matchAll(/^'\S+' ([^\s_]+)_\S+ (\d+)/gm)].map(([, name = '', size]) => ({ name, size: Number(size) }));
    const [smallest] = files.sort((a, b) => a.size - b.size);
    // All of them lie in the cache already.
    if (smallest === undefined) return { code: 0, stdout: '', stderr: '' };
    // By its name: its address may hold a password.
    return run({ argv: ['env', `--chdir=${folder}`, ...quiet, ...options, 'download', '--', smallest.name], timeoutMs: networkMs, pass });
  }

  async function unobtainable(names: readonly string[]): Promise<string | undefined> {
    const folder = await mkdtemp(join(tmpdir(), 'engine-setup-apt-'));
    const simulated = (options: readonly string[]): Promise<Output> =>
      run({ argv: [...quiet, ...options, 'install', '--no-install-recommends', '--simulate', '--', ...names] });
    try {
      if ((await simulated([])).code === 0 && (await fetches(names, [], folder)).code === 0) return undefined;
      // The lists of this host do not know them, or are too old: what do the sources say now? The lists of the host stay as they are.
      const apart = ['-o', `Dir::State::Lists=${folder}`];
      const update = { argv: [...quiet, ...apart, '-o', 'APT::Update::Error-Mode=any', 'update'], timeoutMs: networkMs, pass } as const;
      for (const attempt of [() => run(update), () => simulated(apart), () => fetches(names, apart, folder)]) {
        const output = await attempt();
        if (output.code !== 0) return complaintOf(output);
      }
      return undefined;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  const waiting = ['-o', `DPkg::Lock::Timeout=${lockSeconds}`] as const;
  // What an administrator has changed in a configuration file stays.
  const keeping = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold'] as const;

  /** What the power cut off in the middle of dpkg's work keeps every further work from beginning. */
  async function finishInterrupted(): Promise<void> {
    const { stdout } = await run({ argv: ['dpkg', '--audit'] });
    if (stdout.trim() === '') return;
    const configure = [
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'dpkg',
      '--force-confdef',
      '--force-confold',
      '--configure',
      '--pending',
    ] as const;
    // What still cannot be configured is told by the work itself, which may be its removal.
    await run({ argv: configure, timeoutMs: workMs });
  }

  return {
    version,
    async automatic(names) {
      if (names.length === 0) return [];
      return (await run({ argv: ['apt-mark', 'showauto', '--', ...names] })).stdout.split('\n').filter((name) => name !== '');
    },
    async updates() {
      const found: PackageUpdate[] = [];
      for (const name of products) {
        const update = updateIn((await run({ argv: ['apt-cache', 'policy', '--', name] })).stdout, name);
        if (update !== undefined) found.push(update);
      }
      return found;
    },
    async installed() {
      const { stdout } = await run({ argv: ['dpkg-query', '--show', '--showformat=${db:Status-Status}\\t${binary:Package}\\n'] });
      const lines = stdout.split('\n').map((line) => line.split('\t'));
      return lines.flatMap(([status, name = '']) => (status === 'not-installed' || name === '' ? [] : [name]));
    },
    async neededBy(names) {
      const format = '${binary:Package}\\t${Provides}\\t${Pre-Depends}, ${Depends}\\n';
      return closureOf(names, (await run({ argv: ['dpkg-query', '--show', `--showformat=${format}`] })).stdout);
    },
    unobtainable,
    async install(names) {
      const words = names.join(' ');
      await finishInterrupted();
      await must([...quiet, ...waiting, 'update'], networkMs, message`The lists of packages cannot be brought up to date`);
      await must(
        [...quiet, ...waiting, ...keeping, 'install', '--yes', '--no-install-recommends', '--', ...names],
        workMs,
        message`apt-get install ${words} failed`,
        'Look into /var/log/apt/term.log: it has all that the packages said.',
      );
    },
    async remove(names) {
      if (names.length === 0) return;
      await finishInterrupted();
      await must([...quiet, ...waiting, 'purge', '--yes', '--', ...names], workMs, message`apt-get purge ${names.join(' ')} failed`);
    },
    async mark(names, as) {
      if (names.length === 0) return;
      const verb = as === 'automatic' ? 'auto' : 'manual';
      await must(['apt-mark', verb, '--', ...names], networkMs, message`apt-mark ${verb} ${names.join(' ')} failed`);
    },
  };
}
