import { chmodSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, isAbsent } from '../errno.ts';
import { type ProcessId, bootId } from '../process-table.ts';
import type { Unit } from '../unit-file.ts';
import { holderFile, recordDirectory } from './sandbox-paths.ts';

/** How a process ended; both are null when nobody was there to see it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * What is known of a unit, on disk before it happens, so that whoever comes after a killed supervisor finds every process:
 * by pid and start time, or, if it was killed between a start and the note of it, by the invocation in the process's environment.
 */
export interface UnitRecord {
  readonly name: string;
  readonly state: 'starting' | 'running' | 'stopping' | 'restarting' | 'stopped' | 'failed';
  /** Of that state, as ISO text. */
  readonly since: string;
  /** As it was when the unit was started: a later change of the file counts from the next start. */
  readonly unit: Unit;
  readonly invocation: string;
  readonly boot: string;
  readonly process?: ProcessId;
  /** Order of starts. */
  readonly sequence: number;
  /** Since the unit was started on purpose. */
  readonly restarts: number;
  readonly lastExit?: Exit;
}

/** Whether nothing of the unit runs or is about to. Nothing survives a boot, and after one it is setup that decides what is started. */
export const isSettled = ({ state, boot }: UnitRecord): boolean => state === 'stopped' || state === 'failed' || boot !== bootId();

/** In one move, so that a reader never sees a half. It need not survive a power cut: then no process does either. */
function writeJson(path: string, value: unknown): void {
  const draft = `${path}.new`;
  try {
    writeFileSync(draft, JSON.stringify(value), { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Notes what is known of a unit. */
export function writeRecord(root: string, record: UnitRecord): void {
  try {
    writeJson(join(recordDirectory(root), `${record.name}.json`), record);
  } catch (error) {
    // The sandbox has been removed: nobody will ask.
    if (!isAbsent(error)) throw error;
  }
}

/** What is known of all units that were ever started, in the order of their starts. */
export function readRecords(root: string): readonly UnitRecord[] {
  let names: readonly string[];
  try {
    names = readdirSync(recordDirectory(root)).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  return names
    .map((name) => readJson(join(recordDirectory(root), name)) as UnitRecord | undefined)
    .filter((record) => record !== undefined)
    .sort((a, b) => a.sequence - b.sequence);
}

/** Notes who supervises. */
export const writeHolder = (root: string, holder: ProcessId): void => writeJson(holderFile(root), holder);

/** Who supervises, or did so before it was killed. */
export const readHolder = (root: string): ProcessId | undefined => readJson(holderFile(root)) as ProcessId | undefined;

/** Notes that may have to wait, for a full disk for instance. Nothing here ever throws. */
export interface Notes {
  /** Makes a note, in place of one of the same name that still waits. */
  make(name: string, write: () => void): void;
  /** Tries again what waits. */
  retry(): void;
}

export function notes(log: (line: string) => void): Notes {
  const waiting = new Map<string, () => void>();
  const attempt = (name: string, write: () => void): boolean => {
    try {
      write();
      return true;
    } catch (error) {
      if (!waiting.has(name))
        log(`what is known of ${name} cannot be noted down, and is kept in memory: ${codeOf(error) ?? String(error)}`);
      return false;
    }
  };
  return {
    make(name, write) {
      if (attempt(name, write)) waiting.delete(name);
      else waiting.set(name, write);
    },
    retry() {
      for (const [name, write] of waiting) {
        if (!attempt(name, write)) continue;
        waiting.delete(name);
        log(`what is known of ${name} is noted down`);
      }
    },
  };
}
