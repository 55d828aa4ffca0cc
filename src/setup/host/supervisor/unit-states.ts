import { readdirSync, realpathSync } from 'node:fs';
import { type ProcessId, isAlive } from '../process-table.ts';
import { type UnitRecord, isSettled, readHolder, readRecords } from './records.ts';
import { unitDirectory } from './sandbox-paths.ts';
import { mainOf } from './unit-process.ts';

export interface UnitState {
  readonly name: string;
  readonly state: 'running' | 'stopped' | 'failed' | 'restarting';
  readonly pid?: number;
  /** Since when it is in this state; unknown for a unit that was never started. */
  readonly since?: Date;
}

/** The truth is in the processes: a record may be older than a boot, or than the death of the supervisor. */
function stateOf(record: UnitRecord, supervised: boolean): UnitState {
  const { name, process } = record;
  const since = new Date(record.since);
  const alive = process !== undefined && isAlive(process) ? process : isSettled(record) ? undefined : mainOf(record.invocation);
  if (alive !== undefined) return { name, state: 'running', pid: alive.pid, since };
  if (record.state === 'failed') return { name, state: 'failed', since };
  return { name, state: supervised && !isSettled(record) ? 'restarting' : 'stopped', since };
}

function names(directory: string, ending: string): readonly string[] {
  try {
    return readdirSync(directory).flatMap((name) => (name.endsWith(ending) ? [name.slice(0, -ending.length)] : []));
  } catch {
    return [];
  }
}

const whereIs = (sandbox: string): string => {
  try {
    return realpathSync(sandbox);
  } catch {
    return sandbox;
  }
};

/** The services of a sandbox, by name. Looks at files and processes alone, so it also works when no supervisor runs. */
export async function unitStates(sandbox: string): Promise<readonly UnitState[]> {
  const root = whereIs(sandbox);
  const records = readRecords(root);
  const holder: ProcessId | undefined = readHolder(root);
  const supervised = holder !== undefined && isAlive(holder);
  const known = records.map((record) => stateOf(record, supervised));
  const units = names(unitDirectory(root), '.service');
  const gone = (state: UnitState): boolean => !units.includes(state.name) && state.state !== 'running' && state.state !== 'restarting';
  const never = units
    .filter((name) => !records.some((record) => record.name === name))
    .map((name): UnitState => ({ name, state: 'stopped' }));
  return [...known.filter((state) => !gone(state)), ...never].sort((a, b) => (a.name < b.name ? -1 : 1));
}
