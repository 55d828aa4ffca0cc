import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from '../kit/errors.ts';
import type { Host, Output, PackageUpdate } from '../kit/host.ts';
import { type Message, message } from '../kit/text.ts';
import type { Run } from './commands.ts';
import { networkMs, pass, products, workMs } from './package-work.ts';

/** Said on every occasion, or only because of what is said anyway. */
const noise = /^(Unable to detect release version|Ignoring repositories|No match for argument|\(try to )/;

/**
 * What dnf complains about: the error that ended it, and then those that it met on the way, as it names the cause there: that a source
 * does not answer, say. Passwords in the addresses of sources, which dnf prints as they are, are left out.
 */
function complaintOf({ stderr, stdout }: Output): string {
  const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '' && !noise.test(line));
  const lines = linesOf(stderr);
  const last = lines.findLastIndex((line) => /^(Config |Usage )?error:/i.test(line));
  const told =
    last < 0 ? [...lines, ...linesOf(stdout)].slice(-3) : [...lines.slice(last).slice(0, 4), ...lines.slice(0, last).slice(0, 3)];
  return told
    .map((line) => line.trim().replace(/^(Error: *|- )/, ''))
    .filter((line) => line !== '')
    .join('; ')
    .replaceAll(':; ', ': ')
    .replaceAll(/(\w:\/\/)[^/\s]*@/g, '$1');
}

/** Lines of an output, each once. */
const lines = ({ stdout }: Output): readonly string[] => [...new Set(stdout.split('\n').filter((line) => line !== ''))];

/**
 * Packages of this host, by rpm and dnf (rpm(8), dnf(8), dnf 4.14).
 * @param more.root a folder that stands for the host, as `--installroot` of dnf has it; only root may look below one
 */
export function dnfPackages(run: Run, { root }: { readonly root?: string } = {}): Host['packages'] {
  const rpm = ['rpm', ...(root === undefined ? [] : [`--root=${root}`]), '--query', '--queryformat'] as const;
  const dnf = ['dnf', ...(root === undefined ? [] : [`--installroot=${root}`]), '--assumeyes'] as const;
  // As with apt, what is only recommended is left out.
  const install = ['--setopt=install_weak_deps=False', 'install'] as const;

  async function version(name: string): Promise<string | undefined> {
    const output = await run({ argv: [...rpm, '%{EVR}\\n', '--', name] });
    // Not installed is said where the version would stand.
    return output.code === 0 ? lines(output)[0] : undefined;
  }

  /** Asks dnf without the network: of the sources it says what it has noted of them. It may have to wait for another one. */
  async function asked(format: string, names: readonly string[], ...options: readonly string[]): Promise<readonly string[]> {
    const query = ['--quiet', '--cacheonly', 'repoquery', ...options, `--queryformat=${format}`];
    return lines(await run({ argv: [...dnf, ...query, '--', ...names], timeoutMs: networkMs }));
  }

  async function update(name: string): Promise<PackageUpdate | undefined> {
    const from = await version(name);
    if (from === undefined) return undefined;
    const [to] = await asked('%{evr}', [name], '--upgrades', '--latest-limit=1');
    if (to === undefined) return undefined;
    return { name, from, to, reversible: (await asked('%{evr}', [name], '--show-duplicates')).includes(from) };
  }

  async function must(argv: readonly [string, ...string[]], timeoutMs: number, what: Message): Promise<void> {
    const output = await run({ argv, timeoutMs, pass });
    if (output.code !== 0) throw new SetupError('failed', message`${what}: ${complaintOf(output)}`);
  }

  return {
    version,
    async automatic(names) {
      if (names.length === 0) return [];
      const reasons = (await asked('%{name} %{reason}', names, '--installed')).map((line) => line.split(' '));
      return reasons.flatMap(([name = '', reason = '']) => (/^(dependency|weak)/.test(reason) ? [name] : []));
    },
    async updates() {
      const found: PackageUpdate[] = [];
      for (const name of products) {
        const newer = await update(name);
        if (newer !== undefined) found.push(newer);
      }
      return found;
    },
    async installed() {
      // rpm counts keys of sources among the packages; dnf does not know them, and could not remove them.
      return lines(await run({ argv: [...rpm, '%{NAME}\\n', '--all'] })).filter((name) => name !== 'gpg-pubkey');
    },
    async neededBy(names) {
      if (names.length === 0) return [];
      return [...new Set([...names, ...(await asked('%{name}', names, '--installed', '--requires', '--resolve', '--recursive'))])];
    },
    async unobtainable(names) {
      const folder = await mkdtemp(join(tmpdir(), 'engine-setup-dnf-'));
      // What dnf has noted of the sources may be old, and stays as it is. Signatures are looked at when the packages are installed: dnf
      // would take the keys for them into the host here.
      const apart = [`--setopt=cachedir=${folder}`, '--nogpgcheck', '--downloadonly', `--downloaddir=${folder}`];
      try {
        const output = await run({ argv: [...dnf, ...apart, ...install, '--', ...names], timeoutMs: networkMs, pass });
        return output.code === 0 ? undefined : complaintOf(output);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async install(names) {
      await must([...dnf, '--refresh', ...install, '--', ...names], workMs, message`dnf install ${names.join(' ')} failed`);
    },
    async remove(names) {
      if (names.length === 0) return;
      // Without what they alone had needed: that may have been here before them. Configuration that was changed stays as `.rpmsave`.
      await must(
        [...dnf, '--cacheonly', '--noautoremove', 'remove', '--', ...names],
        workMs,
        message`dnf remove ${names.join(' ')} failed`,
      );
    },
    async mark(names, as) {
      if (names.length === 0) return;
      const verb = as === 'automatic' ? 'remove' : 'install';
      await must([...dnf, '--cacheonly', 'mark', verb, '--', ...names], networkMs, message`dnf mark ${verb} ${names.join(' ')} failed`);
    },
  };
}
