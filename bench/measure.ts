import { spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';

/** Several measurements of one thing. */
export interface Sample {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** Sums measurements up. The median, since a busy moment of the machine makes single runs slow but never fast. */
export function sample(values: readonly number[]): Sample {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1), runs: sorted.length };
}

/**
 * Measures several things in turns (a, b, c, a, b, c, ...), so that a change in the machine's mood meets all of them alike.
 * The first round only warms caches and is not counted.
 */
export async function interleaved<Name extends string>(
  runs: number,
  subjects: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, Sample>>> {
  const names = Object.keys(subjects) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= runs; round++) {
    for (const name of names) {
      const value = await subjects[name]();
      if (round > 0) values[name].push(value);
    }
  }
  return Object.fromEntries(names.map((name) => [name, sample(values[name])])) as Record<Name, Sample>;
}

/** Milliseconds that some work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export interface Program {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** One run of a program: how long it took, and the most memory its own process held. */
export interface Run {
  readonly ms: number;
  readonly peakMB: number;
}

/**
 * Runs a program without input to its end; throws, with what it said, unless it ends with code 0.
 * The kernel keeps the peak of a living process in VmHWM; it is read every few milliseconds because it is gone with the process.
 */
export async function runToEnd(program: Program, watchMemory = false): Promise<Run> {
  const [file, ...args] = program.argv;
  const start = performance.now();
  const child = spawn(file, args, { cwd: program.cwd, env: { ...process.env, ...program.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  let peakMB = 0;
  const look = async (): Promise<void> => {
    peakMB = Math.max(peakMB, (await memoryMB(child.pid ?? 0, 'VmHWM')) ?? 0);
  };
  const watch = watchMemory ? setInterval(() => void look(), 10) : undefined;
  try {
    // 'exit', not 'close': a service that the program leaves running may hold its output open.
    const code = await new Promise<number | null>((resolve, reject) => child.once('exit', resolve).once('error', reject));
    const ms = performance.now() - start;
    if (code !== 0) throw new Error(`${program.argv.join(' ')} ended with ${code ?? 'a signal'}:\n${said}`);
    return { ms, peakMB };
  } finally {
    clearInterval(watch);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/**
 * Milliseconds until what a program with an open input has printed matches a pattern. The input is closed then,
 * and the program ends by itself, with any code; after ten seconds it is killed.
 */
export async function timeToOutput(program: Program, pattern: RegExp): Promise<number> {
  const [file, ...args] = program.argv;
  const start = performance.now();
  const child = spawn(file, args, { cwd: program.cwd, env: { ...process.env, ...program.env }, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const limit = setTimeout(() => child.kill('SIGKILL'), 10_000);
  let said = '';
  let ms: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    if (ms !== undefined || !pattern.test(said)) return;
    ms = performance.now() - start;
    child.stdin.end();
  });
  await ended;
  clearTimeout(limit);
  if (ms === undefined) throw new Error(`${program.argv.join(' ')} never printed ${pattern.source}:\n${said}`);
  return ms;
}

/** Resident memory of a living process in MB, now (VmRSS) or at its peak (VmHWM); undefined once it is gone. */
export async function memoryMB(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

/** Milliseconds of processor time of a process and those it has started. */
export async function processorMs(pid: number): Promise<number> {
  let ticks = 0;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    // Fields 4 and 14 to 17 of proc(5); the first here is field 3.
    const [parent, user = 0, system = 0, formerUser = 0, formerSystem = 0] = [1, 11, 12, 13, 14].map((at) => fields[at]);
    if (Number(entry) === pid) ticks += user + system + formerUser + formerSystem;
    else if (parent === pid) ticks += user + system;
  }
  // The kernel counts in hundredths of a second.
  return ticks * 10;
}
