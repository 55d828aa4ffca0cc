import { randomUUID } from 'node:crypto';
import { SetupError } from '../../kit/errors.ts';
import { message } from '../../kit/text.ts';
import { bootId, isAlive, signal } from '../process-table.ts';
import type { Unit } from '../unit-file.ts';
import { sizeOf, tailSince } from './log-tail.ts';
import { type Exit, type UnitRecord, isSettled } from './records.ts';
import { afterExit } from './restart-policy.ts';
import { type Running, adopt, end, endAll, launch, logsOf, mainOf, settles } from './unit-process.ts';

/** One unit under supervision. Whatever is asked of it happens one after the other. */
export interface UnitRunner {
  readonly sequence: () => number;
  start(unit: Unit, sequence: number): Promise<void>;
  stop(): Promise<void>;
  restart(unit: Unit, sequence: number): Promise<void>;
  reload(): Promise<void>;
}

/** A unit that dies within this time after a start on purpose has not been started at all. */
const momentMs = 400;

const describe = ({ code, signal: by }: Exit): string =>
  by !== null ? `was ended by ${by}` : code !== null ? `ended with code ${code}` : 'ended';

/** What a unit needs to know of its supervisor. */
export interface Surroundings {
  readonly name: string;
  /** What a supervisor before us noted about it. */
  readonly known: UnitRecord | undefined;
  /** Where its output goes unless the unit says otherwise. */
  readonly ownLog: string;
  /** Neither of the two ever throws: they are called where nobody would catch it. */
  keep(record: UnitRecord): void;
  log(line: string): void;
}

/** Supervises a unit. */
export function unitRunner({ name, known, ownLog, keep, log }: Surroundings): UnitRunner {
  let record = known;
  let running: Running | undefined;
  let launchedAt = 0;
  let quickFailures = 0;
  let timer: NodeJS.Timeout | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };

  function note(current: UnitRecord, change: Partial<UnitRecord>): UnitRecord {
    if (change.state !== undefined) log(`${name}: ${change.state}${change.process === undefined ? '' : `, process ${change.process.pid}`}`);
    record = { ...current, ...change, ...(change.state === undefined ? {} : { since: new Date().toISOString() }) };
    keep(record);
    return record;
  }

  /** Takes the process as ours from now on. */
  function watch(current: UnitRecord, process: Running): void {
    running = process;
    launchedAt = performance.now();
    note(current, { state: 'running', process: process.id });
    void process.exited.then((exit) => ended(process, exit));
  }

  async function spawn(current: UnitRecord): Promise<Running> {
    if (record !== undefined) await endAll(record);
    const { process: _, ...rest } = current;
    // On disk before the process is there: see UnitRecord. A restart keeps the invocation, of which no process is left: so the new process
    // is found even if the disk is full, and the record there is an old one.
    const invocation = rest.invocation === '' ? randomUUID().replaceAll('-', '') : rest.invocation;
    const next = note(rest, { state: 'starting', invocation, boot: bootId() });
    const process = await launch(next.unit, logsOf(next.unit, ownLog), next.invocation, (line) => log(`${name}: ${line}`));
    watch(next, process);
    return process;
  }

  /** The main process is gone. What is left of its group must go too, or the next start would find its ports taken. */
  function ended(process: Running, exit: Exit): void {
    signal(-process.id.pid, 'SIGKILL');
    running = undefined;
    log(`${name}: process ${process.id.pid} ${describe(exit)}`);
    if (record === undefined) return;
    const { process: _, ...rest } = record;
    record = note(rest, { lastExit: exit });
    if (record.state === 'running') settle(exit);
  }

  function settle(exit: Exit): void {
    if (record === undefined) return;
    const verdict = afterExit(record.unit, exit, performance.now() - launchedAt, quickFailures);
    if (verdict.then !== 'restart') {
      note(record, { state: verdict.then });
      return;
    }
    quickFailures = verdict.quickFailures;
    note(record, { state: 'restarting' });
    timer = setTimeout(() => void inTurn(again), verdict.afterMs);
  }

  async function again(): Promise<void> {
    if (record?.state !== 'restarting') return;
    try {
      await spawn({ ...record, restarts: record.restarts + 1 });
    } catch (error) {
      log(`${name}: ${String(error)}`);
      launchedAt = performance.now();
      settle({ code: null, signal: null });
    }
  }

  async function start(unit: Unit, sequence: number): Promise<void> {
    if (running !== undefined) return;
    clearTimeout(timer);
    quickFailures = 0;
    const logs = [...new Set(logsOf(unit, ownLog))].map((path) => ({ path, size: sizeOf(path) }));
    const fresh = { name, state: 'starting', since: '', unit, invocation: '', boot: '', sequence, restarts: 0 } as const;
    let exit: Exit | undefined;
    try {
      const process = await spawn(fresh);
      if (!(await settles(process.exited, momentMs))) return;
      exit = await process.exited;
    } catch (error) {
      note(record ?? fresh, { state: 'failed' });
      throw error;
    }
    // It may be about to be restarted, but whoever asked for it is told that it failed, and goes by that.
    clearTimeout(timer);
    if (record !== undefined) note(record, { state: 'failed' });
    const lines = logs.flatMap(({ path, size }) => tailSince(path, size));
    throw new SetupError('failed', [`${name} ${describe(exit)} at once`, ...lines].join('\n'), {
      remedy: message`See ${logs.map(({ path }) => path).join(' and ')}.`,
    });
  }

  async function stop(): Promise<void> {
    clearTimeout(timer);
    if (record === undefined) return;
    if (running !== undefined) {
      note(record, { state: 'stopping' });
      await end(running, record.unit);
      await endAll(record);
    }
    note(record, { state: 'stopped' });
  }

  async function reload(): Promise<void> {
    if (running === undefined || record === undefined) throw new Error(`${name} is not running`);
    if (!record.unit.reloads) throw new Error(`${name} cannot reload its configuration: its unit has no ExecReload`);
    signal(running.id.pid, 'SIGHUP');
  }

  /** Finds what a supervisor before us left behind: never must there be two processes of a unit. */
  async function recover(found: UnitRecord): Promise<void> {
    if (isSettled(found)) return;
    const main = found.process !== undefined && isAlive(found.process) ? found.process : mainOf(found.invocation);
    if (main !== undefined) {
      watch(found, adopt(main));
      if (found.state === 'stopping') await stop();
      return;
    }
    await endAll(found);
    if (found.state === 'stopping') note(found, { state: 'stopped' });
    else settle({ code: null, signal: null });
  }

  if (known !== undefined) inTurn(() => recover(known)).catch((error: unknown) => log(`${name}: ${String(error)}`));

  return {
    sequence: () => record?.sequence ?? 0,
    start: (unit, sequence) => inTurn(() => start(unit, sequence)),
    stop: () => inTurn(stop),
    restart: (unit, sequence) =>
      inTurn(async () => {
        await stop();
        await start(unit, sequence);
      }),
    reload: () => inTurn(reload),
  };
}
