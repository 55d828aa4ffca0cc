import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { there } from './there.ts';

/* Pages of the documentation that tell what to type, and a shell in which that is typed. */

/** The commands of a page. */
export interface PageCommands {
  /**
   * Those of one block, by the number of its chapter and its place there, from 0 on.
   * @throws where there is none
   */
  take(chapter: number, place: number): string;
  /** Blocks that nobody has taken yet. */
  left(): readonly string[];
}

/**
 * Reads the blocks of commands in a page whose chapters have numbers.
 * @param name of the page in docs/
 * @param change what stands there otherwise than where it is typed
 */
export async function commandsOf(name: string, change: (text: string) => string): Promise<PageCommands> {
  const page = await readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  const blocks = new Map<string, string>();
  for (const chapter of page.split(/^## /m).slice(1))
    for (const [place, [, block = '']] of [...chapter.matchAll(/^```sh\n([^]*?)^```$/gm)].entries())
      blocks.set(`${Number.parseInt(chapter, 10)}/${place}`, change(block));
  const taken = new Set<string>();
  return {
    take(chapter, place) {
      const key = `${chapter}/${place}`;
      const block = blocks.get(key);
      if (block === undefined) throw new Error(`${name} has no block ${key} of commands`);
      taken.add(key);
      return block;
    },
    left: () => [...blocks].filter(([key]) => !taken.has(key)).map(([, block]) => block),
  };
}

/** A shell in which commands are typed, with a home of its own. */
export interface PageShell {
  /**
   * Types commands, and answers what they ask for, line by line. Gives what they show.
   * @throws with all that was shown where one of them fails, or takes too long; the shell is gone then
   */
  types(commands: string, answers?: readonly string[]): Promise<string>;
  /** What the shell makes of an expression: `$vm`. */
  value(expression: string): Promise<string>;
  /** Every command line of the programs that are watched, one a line: what others on the machine could have read. */
  commandLines(): Promise<string>;
  end(): void;
}

const watched = ['curl', 'openssl', 'sed', 'xmllint'] as const;
const patienceMs = 300_000;

/** What is shown behind all that some commands have shown. */
const mark = '\u0004\n';
/** Reads the names of files from descriptor 3, and does what stands there. A command that fails ends it. */
const loop = `exec 2>&1; set -uo pipefail
while IFS= read -r file <&3; do set -e; . "$file"; set +e; printf '${mark}'; done`;

/**
 * Starts a shell.
 * @param folder its home, where it is as well
 * @param inside words that start a program where it is
 * @param standIns further programs, by their names: what a shell does in their place
 */
export async function openPageShell(
  folder: string,
  inside: readonly string[],
  standIns: Readonly<Record<string, string>> = {},
): Promise<PageShell> {
  const lines = join(folder, 'command-lines');
  const programs = Object.fromEntries(watched.map((name) => [name, `exec /usr/bin/${name} "$@"`]));
  await mkdir(join(folder, 'bin'));
  for (const [name, deed] of Object.entries({ ...programs, ...standIns })) {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>'${lines}'\n${deed}\n`);
    await chmod(join(folder, 'bin', name), 0o755);
  }
  const env = { HOME: folder, LC_ALL: 'C.UTF-8', PATH: `${join(folder, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin` };
  const shell: ChildProcess = spawn('env', [...inside, 'bash', '-c', `cd '${folder}'; ${loop}`], {
    env,
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  });
  const [input, output, orders] = [there(shell.stdin ?? undefined), there(shell.stdout ?? undefined), shell.stdio[3] as Writable];
  // Who is told when it is gone is told so by its end.
  for (const stream of [input, orders]) stream.on('error', () => undefined);
  let shown = '';
  let finish = (): void => undefined;
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    if (shown.endsWith(mark)) finish();
  });
  const ended = once(shell, 'close').then(() => false);

  async function types(commands: string, answers: readonly string[] = []): Promise<string> {
    await writeFile(join(folder, 'commands'), commands, { mode: 0o600 });
    shown = '';
    const late = setTimeout(() => shell.kill('SIGKILL'), patienceMs);
    const finished = new Promise<boolean>((resolve) => {
      finish = () => resolve(true);
    });
    input.write(answers.map((line) => `${line}\n`).join(''));
    orders.write(`${join(folder, 'commands')}\n`);
    const isDone = await Promise.race([finished, ended]).finally(() => clearTimeout(late));
    if (!isDone) throw new Error(`these commands failed, or took too long:\n${commands}\n${shown}`);
    return shown.slice(0, -mark.length);
  }

  return {
    types,
    value: async (expression) => (await types(`printf '%s' "${expression}"`)).trim(),
    commandLines: () => readFile(lines, 'utf8'),
    end: () => void shell.kill('SIGKILL'),
  };
}
