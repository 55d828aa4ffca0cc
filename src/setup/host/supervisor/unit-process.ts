import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanEnvironment } from '../environment.ts';
import { codeOf } from '../errno.ts';
import { type ProcessId, bootId, identify, isAlive, signal, withEnvironment } from '../process-table.ts';
import type { Unit } from '../unit-file.ts';
import type { Exit } from './records.ts';

/** A process of a unit: one that we started, or one that we found. */
export interface Running {
  readonly id: ProcessId;
  readonly exited: Promise<Exit>;
}

const pollMs = 100;
/** Even SIGKILL takes a moment; a process that hangs in the kernel never ends. */
const killMs = 5_000;

/** Trouble with a disk, which may pass, and is no reason to keep a service down. */
const diskTrouble = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];

function openLog(path: string, log: (line: string) => void): number {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    return openSync(path, 'a', 0o640);
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (!diskTrouble.includes(code)) throw error;
    log(`its output is lost until its next start, because ${path} cannot be opened: ${code}`);
    return openSync('/dev/null', 'w');
  }
}

/** The files a unit writes to; errors go where the output goes unless the unit says otherwise, as in systemd. */
export const logsOf = (unit: Unit, otherwise: string): readonly [stdout: string, stderr: string] => {
  const stdout = unit.stdout ?? otherwise;
  return [stdout, unit.stderr ?? stdout];
};

/** All processes of one start: they inherit the variable, whose name is systemd's, whatever becomes of their parents and groups. */
const processesOf = (invocation: string): ReturnType<typeof withEnvironment> => withEnvironment(`INVOCATION_ID=${invocation}`);

/** The main process of a start that nobody lived to note down. */
export const mainOf = (invocation: string): ProcessId | undefined =>
  identify(processesOf(invocation).find(({ leads }) => leads)?.pid ?? -1);

/** Ends, by force, whatever is left of a start. Nothing of it survives a boot. */
export async function endAll({ invocation, boot }: { readonly invocation: string; readonly boot: string }): Promise<void> {
  if (boot !== bootId()) return;
  const deadline = performance.now() + killMs;
  for (let left = processesOf(invocation); left.length > 0; left = processesOf(invocation)) {
    if (performance.now() > deadline) throw new Error(`process ${left[0]?.pid ?? ''} cannot be ended, not even by SIGKILL`);
    for (const { pid } of left) signal(pid, 'SIGKILL');
    await sleep(10);
  }
}

/** Starts the process of a unit in a session of its own. Throws if the program cannot be started at all. */
export async function launch(
  unit: Unit,
  logs: readonly [string, string],
  invocation: string,
  log: (line: string) => void,
): Promise<Running> {
  const [program, ...args] = unit.argv;
  const outputs = logs.map((path) => openLog(path, log));
  // The child takes over our mask. Nothing else runs in between: this is synchronous.
  const ours = process.umask(unit.umask);
  try {
    const child = spawn(program, args, {
      cwd: unit.directory,
      env: { ...cleanEnvironment(), ...unit.environment, INVOCATION_ID: invocation },
      stdio: ['ignore', ...outputs],
      detached: true,
    });
    if (child.pid === undefined) {
      const [error] = (await once(child, 'error').catch((thrown: unknown) => [thrown])) as unknown[];
      throw new Error(`${program} cannot be started in ${unit.directory}: ${codeOf(error) ?? String(error)}`);
    }
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, by) => resolve({ code, signal: by }));
    });
    // One that has ended already is a zombie without identity; `exited` will say so.
    return { id: identify(child.pid) ?? { pid: child.pid, startTime: -1, boot: bootId() }, exited };
  } finally {
    process.umask(ours);
    outputs.forEach(closeSync);
  }
}

/** Takes over a process that somebody else started: its end can only be seen, its exit code cannot. */
export function adopt(id: ProcessId): Running {
  const watch = async (): Promise<Exit> => {
    while (isAlive(id)) await sleep(pollMs);
    return { code: null, signal: null };
  };
  return { id, exited: watch() };
}

/** Whether something happens in time. */
export async function settles(work: Promise<unknown>, ms: number): Promise<boolean> {
  const abort = new AbortController();
  try {
    return await Promise.race([work.then(() => true), sleep(ms, false, { signal: abort.signal })]);
  } finally {
    abort.abort();
  }
}

/** Ends a process: as the unit asks for, then by force, together with all processes of its group. */
export async function end({ id, exited }: Running, unit: Unit): Promise<void> {
  signal(unit.signalAll ? -id.pid : id.pid, unit.killSignal);
  if (await settles(exited, unit.stopMs)) return;
  signal(-id.pid, 'SIGKILL');
  if (!(await settles(exited, killMs))) throw new Error(`process ${id.pid} cannot be ended, not even by SIGKILL`);
}
