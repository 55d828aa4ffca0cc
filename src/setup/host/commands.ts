import { constants } from 'node:os';
import { SetupError } from '../kit/errors.ts';
import type { Command, Output } from '../kit/host.ts';
import { cleanEnvironment } from './environment.ts';
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
    return new SetupError('failed', `The program ${program} is not there`, {
      cause: error,
      remedy: `Install the package that holds ${program}.`,
    });
  }
  if (code === 'EACCES') return new SetupError('failed', `The program ${program} may not be run by this user`, { cause: error });
  return new SetupError('failed', `The program ${program} cannot be started: ${code ?? String(error)}`, { cause: error });
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

/**
 * Runs a program to its end. It gets a session of its own: Ctrl-C at the terminal then reaches us alone,
 * and we let the running step finish.
 */
export async function runCommand({ argv, input, timeoutMs = defaultTimeoutMs }: Command): Promise<Output> {
  const [program, ...args] = argv;
  const { execa } = await import('execa');
  const child = execa(program, args, {
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    env: cleanEnvironment(),
    extendEnv: false,
    cwd: '/',
    detached: true,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: longest,
  });
  const result = await within(timeoutMs, child);
  if (result === undefined || result.isMaxBuffer) {
    if (child.pid !== undefined) await endGroup(child.pid, child);
    // A daemon that left the group still holds our pipes; it must not hold us.
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
    const what = result === undefined ? `did not end within ${timeoutMs / 1000} s` : `printed more than ${longest} characters`;
    throw new SetupError('failed', `The program ${program} ${what} and was ended`);
  }
  if (result.exitCode !== undefined) return { code: result.exitCode, stdout: result.stdout, stderr: result.stderr };
  if (result.signal === undefined) throw notStarted(program, result.cause ?? result);
  // As shells report it.
  return { code: 128 + constants.signals[result.signal], stdout: result.stdout, stderr: result.stderr };
}
