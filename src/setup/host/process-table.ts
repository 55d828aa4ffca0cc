import { readFileSync, readdirSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the boot. */
  readonly startTime: number;
  readonly boot: string;
}

/** Like `ps`, this reads /proc synchronously: it never waits for a disk. */
const readProc = (name: string): string | undefined => {
  try {
    return readFileSync(`/proc/${name}`, 'latin1');
  } catch {
    return undefined;
  }
};

/** Changes with every boot of the machine. */
export const bootId = (): string => readProc('sys/kernel/random/boot_id')?.trim() ?? '';

/** Fields after the name, which may itself hold spaces and brackets. */
function statOf(pid: number): { readonly session: number; readonly startTime: number } | undefined {
  const stat = readProc(`${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined) return undefined;
  const state = fields[0] ?? '';
  // A zombie holds nothing any more: no memory, no port, no file. But its main thread may be one while others are still ending.
  const others = Number(fields[17]) > 1;
  return (state === 'Z' && !others) || state === 'X' ? undefined : { session: Number(fields[3]), startTime: Number(fields[19]) };
}

/** The identity of a living process. */
export function identify(pid: number): ProcessId | undefined {
  const found = statOf(pid);
  return found === undefined ? undefined : { pid, startTime: found.startTime, boot: bootId() };
}

/** Whether this very process still lives. */
export const isAlive = ({ pid, startTime, boot }: ProcessId): boolean => statOf(pid)?.startTime === startTime && boot === bootId();

/** Pids of all processes. */
export const allPids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** The argument vector of a process; empty if there is none. */
export const argumentsOf = (pid: number): readonly string[] => {
  const line = readProc(`${pid}/cmdline`) ?? '';
  return Buffer.from(line, 'latin1').toString('utf8').split('\0').slice(0, -1);
};

/** All living processes with this variable in the environment they were started with, and whether each leads its session. */
export function withEnvironment(variable: string): readonly { readonly pid: number; readonly leads: boolean }[] {
  return allPids().flatMap((pid) => {
    if (readProc(`${pid}/environ`)?.split('\0').includes(variable) !== true) return [];
    const stat = statOf(pid);
    return stat === undefined ? [] : [{ pid, leads: stat.session === pid }];
  });
}

/** Sends a signal to a process, or with a negative pid to its group; false if there is nobody any more. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
