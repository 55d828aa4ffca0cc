import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, DatabaseUnavailable } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import { mayPass } from '../../frame/sql-state.ts';
import { AgentFailure, AgentUnreachable } from '../agents/agent-failure.ts';
import { textOf } from '../agents/hostile.ts';
import { CommandFailure, type CommandType, type CommandTypes, type Occasion } from './command.ts';
import { advanced, createRecords, type Recorded, TurnLost } from './records.ts';
import type { Turn } from './turn.ts';

export interface RunnerParts {
  readonly database: Database;
  readonly types: CommandTypes;
  readonly turn: Turn;
  readonly log: Log;
  readonly now: () => number;
}

export interface Runner {
  /** There may be commands that have just begun. */
  wake(): void;
  /** Fulfilled when nothing runs any more; the turn must be over for that. */
  idle(): Promise<void>;
}

/** When the database is away, a stage is begun again so much later, in milliseconds. */
const againMs = 1_000;
/** How long a stage that could not be taken back is left alone before that is tried again, in milliseconds: an agent that was lost may be back by then. */
const undoAgainMs = { usually: [1_000, 1_000], withHosts: [1_000, 4_000, 10_000] } as const;
/** Letters of what people are told of an error. */
const longestReason = 2_000;
/** A command as its stage has it now: with what that keeps while it works. */
interface Keeping {
  command: Recorded;
}

/** Whether a host, or that there is none, is in the way. */
const isOfHosts = (error: unknown): boolean =>
  error instanceof CommandFailure || error instanceof AgentFailure || error instanceof AgentUnreachable;

const unknownReason = 'The engine has met an error, which its log tells.';

/** Carries on with all commands that there are, and with those that begin during the turn. */
export function createRunner({ database, types, turn, log, now }: RunnerParts): Runner {
  const records = createRecords(database, turn.generation, now);
  const running = new Map<string, Promise<void>>();
  let looking: Promise<void> | null = null;
  let again = false;

  async function look(): Promise<void> {
    await lasting(async () => {
      await records.settle();
      for (const command of await records.open()) {
        if (running.has(command.id) || turn.signal.aborted) continue;
        const run = carryOn(command).finally(() => running.delete(command.id));
        running.set(command.id, run);
      }
    });
  }
  function wake(): void {
    if (turn.signal.aborted) return;
    if (looking !== null) {
      again = true;
      return;
    }
    looking = look()
      .catch((error: unknown) => log.error('commands could not be looked for', errorFields(error)))
      .finally(() => {
        looking = null;
        if (!again) return;
        again = false;
        wake();
      });
  }

  const isAway = (error: unknown): boolean => error instanceof DatabaseUnavailable;

  /** Does something until the database is there for it. Throws everything else. */
  async function lasting<T>(work: () => Promise<T>, passes = isAway): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!passes(error)) throw error;
      }
      await sleep(againMs, undefined, { signal: turn.signal });
    }
  }

  /** Writes where a command is, until that is stored: a database that is slow for a while must not have it taken back. Throws what can never be stored. */
  const stored = (write: () => Promise<void>): Promise<void> =>
    lasting(write, (error) => {
      if (isAway(error)) return true;
      if (mayPass(error)) log.warning('where a command is cannot be stored yet, trying again', errorFields(error));
      return mayPass(error);
    });

  async function carryOn(command: Recorded): Promise<void> {
    const type = types[command.type];
    // One of a newer engine: it is left for that.
    if (type === undefined)
      return log.error('a command is of a kind that this engine does not know', { command: command.id, type: command.type });
    try {
      await toItsEnd(type, command);
    } catch (error) {
      // It is left as it stands, for whoever has the next turn.
      if (turn.signal.aborted || error instanceof TurnLost) return;
      log.error('a command could not be carried on', { command: command.id, type: command.type, ...errorFields(error) });
    }
  }

  async function toItsEnd(type: CommandType, begun: Recorded): Promise<void> {
    let command = begun;
    while (command.failure === null && command.stage < type.stages.length) {
      command = await forward(type, command);
    }
    while (command.failure !== null && command.stage >= 0) {
      command = await back(type, command);
    }
    const { failure } = command;
    const [status, ending] =
      failure === null ? (['FINISHED', type.succeeded(command)] as const) : (['FAILED', type.failed(command, failure)] as const);
    try {
      await stored(() => records.end(command, status, ending));
    } catch (error) {
      if (failure !== null || turn.signal.aborted || error instanceof TurnLost) throw error;
      // A command that cannot be ended well is taken back: it must not keep its locks for ever.
      log.error('what a command has come to cannot be stored', { command: command.id, type: command.type, ...errorFields(error) });
      const refused = { ...command, stage: type.stages.length - 1, failure: unknownReason };
      await stored(() => records.save(refused, 'FAILED'));
      return toItsEnd(type, refused);
    }
    log.info(failure === null ? 'a command has ended' : 'a command has failed', { command: command.id, type: command.type, why: failure });
  }

  async function forward(type: CommandType, command: Recorded): Promise<Recorded> {
    const stage = type.stages[command.stage];
    await stored(() => records.enter(command, stage?.title ?? ''));
    const kept: Keeping = { command };
    let next: Recorded;
    try {
      const found = await lasting(async () => stage?.work(occasionOf(kept)));
      next = advanced(kept.command, found);
    } catch (error) {
      if (turn.signal.aborted || error instanceof TurnLost) throw error;
      next = { ...kept.command, failure: reasonOf(error, command) };
    }
    try {
      await stored(() => records.save(next, next.failure === null ? 'FINISHED' : 'FAILED'));
    } catch (error) {
      if (turn.signal.aborted || error instanceof TurnLost) throw error;
      // What was found out cannot be kept, however often the stage is done again.
      log.error('a stage has found what cannot be stored', { command: command.id, stage: stage?.title, ...errorFields(error) });
      next = { ...kept.command, failure: unknownReason };
      await stored(() => records.save(next, 'FAILED'));
    }
    return next;
  }

  async function back(type: CommandType, command: Recorded): Promise<Recorded> {
    const { undo, title = '' } = type.stages[command.stage] ?? {};
    let failure = command.failure;
    const kept: Keeping = { command };
    for (let tries = 0; undo !== undefined; tries++) {
      try {
        await lasting(() => undo(occasionOf(kept)));
        break;
      } catch (error) {
        if (turn.signal.aborted || error instanceof TurnLost) throw error;
        log.warning('a stage could not be taken back', { command: command.id, stage: title, tries: tries + 1, ...errorFields(error) });
        const waitMs = undoAgainMs[isOfHosts(error) ? 'withHosts' : 'usually'][tries];
        if (waitMs === undefined) {
          failure = `${failure ?? ''} What was done by "${title}" could not be taken back.`;
          break;
        }
        await sleep(waitMs, undefined, { signal: turn.signal });
      }
    }
    const next = { ...kept.command, stage: command.stage - 1, failure };
    await stored(() => records.save(next, 'FAILED'));
    return next;
  }

  const occasionOf = (kept: Keeping): Occasion => ({
    command: kept.command,
    database,
    signal: turn.signal,
    tell: (told) => records.tell(kept.command, told),
    isCancelled: () => records.isCancelled(kept.command.id),
    keep: (found) =>
      stored(async () => {
        const next = { ...kept.command, data: { ...kept.command.data, ...found } };
        await records.keep(next);
        kept.command = next;
      }),
  });

  /** What people are told of an error. Hosts may have a say in it, so it is made fit for tables and screens. */
  function reasonOf(error: unknown, command: Recorded): string {
    const fit = (text: string): string => textOf(text, longestReason) ?? unknownReason;
    if (error instanceof CommandFailure) return fit(error.message);
    if (error instanceof AgentFailure || error instanceof AgentUnreachable) return fit(`${error.message}.`);
    log.error('a command has met an error', { command: command.id, type: command.type, ...errorFields(error) });
    return unknownReason;
  }

  return {
    wake,
    async idle() {
      await looking;
      await Promise.allSettled(running.values());
    },
  };
}
