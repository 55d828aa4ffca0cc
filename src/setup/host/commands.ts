import { execFile } from 'node:child_process';
import { constants as modes, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';
import type { Command, Output } from '../kit/host.ts';
import { cleanEnvironment, passedOn } from './environment.ts';
import { codeOf } from './errno.ts';
import { signal } from './process-table.ts';

const defaultTimeoutMs = 60_000;
/** Characters of each of the two outputs. */
const longest = 8 * 1024 * 1024;
/** Between the request to end and the end. */
const graceMs = 2000;

function notStarted(program: string, error: unknown): SetupError {
  const code = codeOf(error);
  // A search also ends in EACCES if one of the directories in PATH cannot be searched.
  if (code === 'ENOENT' || (code === 'EACCES' && !program.includes('/'))) {
    return new SetupError('failed', message`The program ${program} is not there`, {
      cause: error,
      remedy: message`Install the package that holds ${program}.`,
    });
  }
  if (code === 'EACCES') return new SetupError('failed', message`The program ${program} may not be run by this user`, { cause: error });
  return new SetupError('failed', message`The program ${program} cannot be started: ${code ?? String(error)}`, { cause: error });
}

/** Fails as a start of the program would, so that a program in front of it need not be asked what it could not start. */
async function requireProgram(program: string): Promise<void> {
  const places = program.includes('/')
    ? [program]
    : (cleanEnvironment()['PATH'] ?? '').split(':').map((directory) => join(directory === '' ? '.' : directory, program));
  let failure: unknown = Object.assign(new Error('not found'), { code: 'ENOENT' });
  for (const place of places) {
    try {
      // Where the program will be run from.
      await access(resolve('/', place), modes.X_OK);
      return;
    } catch (error) {
      if (codeOf(error) === 'EACCES') failure = error;
    }
  }
  throw notStarted(program, failure);
}

const setpriv = '/usr/bin/setpriv';

/**
 * Makes the kernel end a program when the process that started it is gone, by `kill -9` for instance, or the next run would find it
 * still at work. It holds for what the program becomes by exec, also behind `unshare`, but not for its own children. Nothing where the
 * system has no setpriv, or one that is too old (before util-linux 2.33).
 */
const dyingWithUs = async (): Promise<readonly string[]> => {
  const prefix = ['--pdeathsig', 'KILL', '--'];
  if (!existsSync(setpriv)) return [];
  return new Promise((done) => {
    execFile(setpriv, [...prefix, 'true'], { env: cleanEnvironment(), cwd: '/', timeout: 10_000 }, (error) =>
      done(error === null ? [setpriv, ...prefix] : []),
    );
  });
};
let found: Promise<readonly string[]> | undefined;

/** Leaders of the groups of the commands that run now. */
const running = new Set<number>();

/** Ends all commands that run now, by force, together with all processes of their groups: for the moment before we end ourselves. */
export function endCommands(): void {
  for (const pid of running) signal(-pid, 'SIGKILL');
}

/** What a promise gives; undefined if that takes too long. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a program with all that it started: politely first, so that it can tidy up. */
async function endGroup(pid: number, ended: Promise<unknown>): Promise<void> {
  if (signal(-pid, 'SIGTERM')) await within(graceMs, ended);
  signal(-pid, 'SIGKILL');
}

/** What runs commands. */
export type Run = (command: Command) => Promise<Output>;

/**
 * Runs a program to its end. It gets a session of its own: Ctrl-C at the terminal then reaches us alone,
 * and we let the running step finish.
 */
export async function runCommand({ argv, input, timeoutMs = defaultTimeoutMs, pass = [] }: Command): Promise<Output> {
  const [program] = argv;
  const [{ execa }, prefix] = await Promise.all([import('execa'), (found ??= dyingWithUs())]);
  if (prefix.length > 0) await requireProgram(program);
  const [first = program, ...args] = [...prefix, ...argv];
  const child = execa(first, args, {
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    env: { ...passedOn(pass), ...cleanEnvironment() },
    extendEnv: false,
    cwd: '/',
    detached: true,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: longest,
  });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  try {
    const result = await within(timeoutMs, child);
    if (result === undefined || result.isMaxBuffer) {
      if (pid !== undefined) await endGroup(pid, child);
      // A daemon that left the group still holds our pipes; it must not hold us.
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
      const what = result === undefined ? `did not end within ${timeoutMs / 1000} s` : `printed more than ${longest} characters`;
      throw new SetupError('failed', message`The program ${program} ${what} and was ended`);
    }
    if (result.exitCode !== undefined) return { code: result.exitCode, stdout: result.stdout, stderr: result.stderr };
    if (result.signal === undefined) throw notStarted(program, result.cause ?? result);
    // As shells report it.
    return { code: 128 + constants.signals[result.signal], stdout: result.stdout, stderr: result.stderr };
  } finally {
    if (pid !== undefined) running.delete(pid);
  }
}
