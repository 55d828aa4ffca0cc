import { readFileSync } from 'node:fs';
import { SetupError, messageOf } from '../../kit/errors.ts';
import { inEnglish } from '../../kit/text.ts';
import { isAbsent } from '../errno.ts';
import { type Unit, parseUnit } from '../unit-file.ts';
import type { Reply, Request } from './protocol.ts';
import { type Notes, type UnitRecord, readRecords, writeRecord } from './records.ts';
import { defaultLog, unitFile } from './sandbox-paths.ts';
import { type UnitRunner, unitRunner } from './unit-runner.ts';

/** Answers requests about the units of a sandbox. */
export type Supervise = (request: Request) => Promise<Reply>;

/** What a supervisor works with. */
export interface Workplace {
  readonly root: string;
  /** The root held open: see `hold.ts`. */
  readonly held: string;
  readonly notes: Notes;
  /** Never throws. */
  log(line: string): void;
}

/** Takes over the units that a supervisor before us left, and supervises from then on. */
export function supervise({ root, held, notes, log }: Workplace): Supervise {
  const runners = new Map<string, UnitRunner>();
  const records = readRecords(held);
  let sequence = records.at(-1)?.sequence ?? 0;
  let ending: Promise<void> | undefined;
  const keep = (record: UnitRecord): void => notes.make(record.name, () => writeRecord(held, record));
  const add = (name: string, known: UnitRecord | undefined): UnitRunner => {
    const runner = unitRunner({ name, known, ownLog: defaultLog(root, name), keep, log });
    runners.set(name, runner);
    return runner;
  };
  for (const record of records) add(record.name, record);

  const runnerOf = (name: string): UnitRunner => runners.get(name) ?? add(name, undefined);

  function load(name: string): Unit {
    const path = unitFile(root, name);
    try {
      return parseUnit(readFileSync(path, 'utf8'), path);
    } catch (error) {
      throw isAbsent(error) ? new Error(`There is no unit ${name}: ${path} is missing`) : error;
    }
  }

  async function stopAll(): Promise<void> {
    const failures: string[] = [];
    for (const runner of [...runners.values()].sort((a, b) => b.sequence() - a.sequence())) {
      // One that cannot be ended must not keep the others running.
      await runner.stop().catch((error: unknown) => failures.push(messageOf(error)));
    }
    if (failures.length > 0) throw new Error(failures.join('; '));
  }

  /** One at a time. If something could not be stopped, we stay, and what is asked of us counts again. */
  function shutdown(): Promise<void> {
    ending ??= stopAll().catch((error: unknown) => {
      ending = undefined;
      throw error;
    });
    return ending;
  }

  async function perform(request: Request): Promise<void> {
    if (request.op === 'hello') return;
    if (request.op === 'shutdown') return shutdown();
    if (ending !== undefined) throw new Error('The supervisor is ending');
    switch (request.op) {
      case 'start':
        return runnerOf(request.unit).start(load(request.unit), ++sequence);
      case 'restart':
        return runnerOf(request.unit).restart(load(request.unit), ++sequence);
      case 'stop':
        return runnerOf(request.unit).stop();
      case 'reload':
        return runnerOf(request.unit).reload();
    }
  }

  return async (request) => {
    try {
      await perform(request);
      return { ok: true };
    } catch (error) {
      log(`${JSON.stringify(request)}: ${messageOf(error)}`);
      const remedy = error instanceof SetupError ? error.remedy : undefined;
      return { ok: false, message: messageOf(error), ...(remedy === undefined ? {} : { remedy: inEnglish(remedy) }) };
    }
  };
}
