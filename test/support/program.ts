import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { programDirectory } from '../../src/setup/paths.ts';

/** The program in processes of its own, for all tests of a file. */
export interface Program {
  /** Where it is started. */
  readonly directory: string;
  /** Starts it with nothing to read, and notes every module that it loads. */
  run(...args: readonly string[]): {
    readonly status: number | null;
    readonly stdout: string;
    readonly loaded: readonly string[];
    readonly errors: string;
  };
  /** Starts it as an ordinary user, whoever runs the tests. */
  runAsOrdinary(...args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly errors: string };
  /** Starts it by a shell, which has it connected to all kinds of things; `$0` is the program. */
  shell(script: string): { readonly code: number | null; readonly stdout: string; readonly stderr: string };
}

const loadedMark = 'LOADED ';
const noteModules = `import { writeSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { writeSync(2, '${loadedMark}' + url + '\\n'); return next(url, context); } });`;

/** Makes a directory to start the program in, which goes with the tests of the file. */
export function useProgram(): Program {
  const directory = mkdtempSync(join(tmpdir(), 'program-'));
  const modules = mkdtempSync(join(tmpdir(), 'program-modules-'));
  afterAll(() => {
    for (const path of [directory, modules]) rmSync(path, { recursive: true });
  });
  const moduleOf = (name: string, text: string): string => {
    const path = join(modules, `${name}.mjs`);
    writeFileSync(path, text);
    return path;
  };
  const [hook, ordinary] = [moduleOf('hook', noteModules), moduleOf('ordinary', 'process.geteuid = () => 1000;')];
  const settings = { encoding: 'utf8', cwd: directory, input: '' } as const;

  function start(preloaded: string, args: readonly string[]) {
    const main = join(programDirectory, 'src/setup/cli/main.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', preloaded, main, ...args], settings);
    const lines = stderr.split('\n');
    return {
      status,
      stdout,
      loaded: lines.filter((line) => line.startsWith(loadedMark)).map((line) => line.slice(loadedMark.length)),
      errors: lines.filter((line) => !line.startsWith(loadedMark)).join('\n'),
    };
  }

  return {
    directory,
    run: (...args) => start(hook, args),
    runAsOrdinary: (...args) => start(ordinary, args),
    shell(script) {
      const program = join(programDirectory, 'bin/engine-setup');
      const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -o pipefail; ${script}`, program], settings);
      return { code: status, stdout, stderr };
    },
  };
}

/** The events of a stream of them, one a line. */
export const eventsIn = (text: string): readonly Readonly<Record<string, unknown>>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
