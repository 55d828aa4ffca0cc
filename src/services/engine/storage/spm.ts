import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../frame/database.ts';
import { AgentFailure, AgentUnreachable } from '../agents/agent-failure.ts';
import { type Agent, isRecovering } from '../agents/agent.ts';
import type { Agents } from '../agents/agents.ts';
import { textOf } from '../agents/hostile.ts';
import { CommandFailure, type Occasion } from '../commands/command.ts';
import { statusNumber } from '../hosts/host-status.ts';
import { outcomeOf, type Outcome } from './task-outcome.ts';

/** The host that makes the changes on the storage of a data center at the moment. */
export interface SpmHost {
  readonly host: string;
  readonly name: string;
  readonly agent: Agent;
}

/** A change on the storage that takes its time: a verb of the SPM that answers with the name of a task. */
export interface SpmTask {
  /** The data center. */
  readonly pool: string;
  /** Under which the name of the task is kept among the data of the command: one of its own for each task of a command. */
  readonly key: string;
  readonly verb: string;
  readonly params: object;
  /**
   * Whether what the task is for is as it should be already: the volume is there and whole, or is gone. Asked before the task is begun, and whenever
   * nobody knows what became of it. An agent that refuses the question says no.
   */
  readonly isDone: (spm: SpmHost) => Promise<boolean>;
}

/** Has changes made on the storage of data centers. */
export interface Spm {
  /** The SPM of a data center at this moment. Throws CommandFailure where there is none. */
  find(pool: string): Promise<SpmHost>;
  /**
   * Asks the SPM something, or has it make a change that is done when it answers, and returns the answer. What is asked must be such that it can be done
   * again. A data center whose SPM is away or changes is waited for. Throws CommandFailure when it is away for too long, and AgentFailure for what
   * the agent refuses.
   */
  ask(occasion: SpmOccasion, pool: string, work: (spm: SpmHost) => Promise<unknown>): Promise<unknown>;
  /**
   * Brings a task to its end, once, however often the stage is done: one that was begun is found by its name, and one whose name was lost by what it has
   * done. A change of the SPM is waited for, since the next one carries on with the tasks of the last one. Throws CommandFailure, with a
   * sentence that says why, for a task that failed; nothing of it remains on the storage then.
   */
  run(occasion: SpmOccasion, task: SpmTask): Promise<void>;
}

/** What is needed of an occasion of a command (`commands/command.ts`). */
export type SpmOccasion = Pick<Occasion, 'command' | 'signal' | 'keep'>;

export interface SpmParts {
  readonly database: Database;
  readonly agents: Agents;
  /** How long a data center without an SPM is waited for: longer than the lease of one whose power was cut lasts. */
  readonly patienceMs?: number;
  /** How often tasks are asked after. It becomes less often, up to ten times that. */
  readonly everyMs?: number;
}

const codes = {
  /** A task is begun twice, and the first one is still at it. */
  volumeExists: 212,
  poolUnknown: 309,
  taskUnknown: 401,
  notSpm: 654,
} as const;

/** So often a task may be lost with an SPM. */
const mostLost = 5;

/** Nobody is the SPM at the moment; somebody may be soon. */
class NoSpm extends Error {}

/** Makes what has changes made by the SPM of a data center. */
export function createSpm({ database, agents, patienceMs = 300_000, everyMs = 250 }: SpmParts): Spm {
  async function look(pool: string): Promise<SpmHost> {
    const [row] = await database.query<{ pool: string; id: string | null; name: string; address: string; port: number }>(
      `select p.name as pool, h.vds_id as id, h.vds_name as name, h.host_name as address, h.port
       from storage_pool p left join vds h on h.vds_id = p.spm_vds_id and h.storage_pool_id = p.id and h.status = $2
       where p.id = $1`,
      [pool, statusNumber('up')],
    );
    if (row === undefined) throw new CommandFailure('The data center has been removed.');
    const { id, name, address, port } = row;
    if (id === null)
      throw new NoSpm(
        `No host is the storage pool manager of data center ${row.pool} at the moment. It needs an active storage domain, and a host that is up and reaches it.`,
      );
    return { host: id, name, agent: agents.of({ id, address, port }) };
  }

  /** Does something with the SPM; whoever that is: a host that is away or has lost the role is not the last word. */
  async function lasting<T>(pool: string, signal: AbortSignal, work: (spm: SpmHost) => Promise<T>): Promise<T> {
    const until = performance.now() + patienceMs;
    for (let waitMs = everyMs; ; waitMs = Math.min(waitMs * 2, everyMs * 20)) {
      try {
        return await work(await look(pool));
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error;
        if (performance.now() >= until) throw error instanceof AgentFailure ? error : new CommandFailure(sentence(error), error);
      }
      await sleep(waitMs, undefined, { signal });
    }
  }

  /** Waits for the end of a task. Returns null for one that nobody knows, and else what became of it. */
  async function end({ pool }: SpmTask, id: string, signal: AbortSignal): Promise<Outcome | null> {
    for (let waitMs = everyMs; ; waitMs = Math.min(waitMs * 1.5, everyMs * 10)) {
      const outcome = await lasting(pool, signal, async ({ agent }) => {
        try {
          return outcomeOf(await agent.call('Task.getStatus', { taskID: id }, { signal }));
        } catch (error) {
          if (error instanceof AgentFailure && error.code === codes.taskUnknown) return null;
          throw error;
        }
      });
      if (outcome !== 'at work') return outcome;
      await sleep(waitMs, undefined, { signal });
    }
  }

  /** Whatever is wrong with a task that has ended is not worth a failure. */
  async function forget(pool: string, id: string, signal: AbortSignal): Promise<void> {
    const { agent } = await look(pool);
    await agent.call('Task.clear', { taskID: id }, { signal });
  }

  return {
    async find(pool) {
      try {
        return await look(pool);
      } catch (error) {
        throw error instanceof NoSpm ? new CommandFailure(error.message) : error;
      }
    },

    ask: ({ signal }, pool, work) => lasting(pool, signal, work),

    async run({ command, signal, keep }, task) {
      const { pool, key, verb, params } = task;
      const flowId = command.correlationId;
      const isDone = (): Promise<boolean> =>
        lasting(pool, signal, async (spm) => {
          try {
            return await task.isDone(spm);
          } catch (error) {
            if (error instanceof AgentFailure && !isPassing(error)) return false;
            throw error;
          }
        });
      let id = textOf(command.data[key], 36);
      let lost = 0;
      const until = performance.now() + patienceMs;
      for (;;) {
        if (id === null) {
          if (await isDone()) return;
          let begun: unknown;
          try {
            begun = await lasting(pool, signal, ({ agent }) => agent.call(verb, params, { flowId, signal }));
          } catch (error) {
            // What was begun before may have done it: the answer was lost, or the engine killed before it could keep the name.
            if (!(error instanceof AgentFailure)) throw error;
            if (error.code !== codes.volumeExists || performance.now() >= until) {
              if (await isDone()) return;
              throw error;
            }
            await sleep(everyMs * 4, undefined, { signal });
            continue;
          }
          id = textOf(begun, 36);
          if (id === null) throw new CommandFailure(`The host answered ${verb} with something that is not the name of a task.`);
          await keep({ [key]: id });
        }
        const outcome = await end(task, id, signal);
        if (outcome !== null) await forget(pool, id, signal).catch(() => undefined);
        if (outcome?.success === true) return;
        // It was forgotten after its end, or never written down by an SPM that was lost.
        if (outcome === null && ++lost > mostLost) throw new CommandFailure(`Tasks that hosts have begun for ${verb} are not known there.`);
        if (outcome === null || (outcome.code === codes.volumeExists && performance.now() < until)) {
          await sleep(everyMs, undefined, { signal });
          id = null;
          await keep({ [key]: null });
          continue;
        }
        if (await isDone()) return;
        throw new CommandFailure(`The storage pool manager could not do it: ${outcome.message} (code ${outcome.code}).`);
      }
    },
  };
}

/** Whether waiting helps: the SPM is away, or has just lost the role, or has just been started. */
const isPassing = (error: unknown): boolean =>
  error instanceof NoSpm ||
  error instanceof AgentUnreachable ||
  isRecovering(error) ||
  (error instanceof AgentFailure && (error.code === codes.notSpm || error.code === codes.poolUnknown));

const sentence = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  return text.endsWith('.') ? text : `The storage pool manager cannot be reached: ${text}.`;
};
