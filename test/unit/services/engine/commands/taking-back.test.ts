import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { AgentUnreachable } from '../../../../../src/services/engine/agents/agent-failure.ts';
import { CommandFailure, type CommandTypes } from '../../../../../src/services/engine/commands/command.ts';
import { createRunner } from '../../../../../src/services/engine/commands/runner.ts';
import type { Database } from '../../../../../src/services/frame/database.ts';
import type { Log } from '../../../../../src/services/frame/log.ts';

const waits: number[] = [];
vi.mock('node:timers/promises', async (original) => ({
  ...(await original<object>()),
  setTimeout: async (ms: number) => {
    waits.push(ms);
    await setImmediate();
  },
}));

const row = {
  ...{ id: 'c', type: 'Test', parameters: {}, data: {}, stage: 0, failure: null, userId: null, userName: 'u' },
  ...{ correlationId: 'x', job: 'j', step: 's' },
};

/** Has a command fail whose stage cannot be taken back for so many times. Returns what people are told. */
async function failing(failures: number, error: Error): Promise<string> {
  const nothing = (): void => undefined;
  const turn = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  let left = failures;
  const types: CommandTypes = {
    Test: {
      stages: [
        {
          title: 'One',
          work: () => Promise.reject(new CommandFailure('It cannot be.')),
          async undo() {
            if (left-- > 0) throw error;
          },
        },
      ],
      succeeded: () => ({}),
      failed(_command, why) {
        resolve(why);
        return {};
      },
    },
  };
  const database = {
    query: async (sql: string) => (sql.includes('from command_entities order by') ? [row] : [{ written: true }]),
  } as unknown as Database;
  const log = { info: nothing, warning: nothing, error: nothing } as unknown as Log;
  const runner = createRunner({ database, types, turn: { generation: '1', signal: turn.signal }, log, now: Date.now });
  waits.length = 0;
  runner.wake();
  const why = await promise;
  turn.abort();
  await runner.idle();
  return why;
}

describe('a stage that is to be taken back', () => {
  const named = 'It cannot be. What was done by "One" could not be taken back.';

  it('at a host that is away waits until it may be back, and not for ever', async () => {
    expect(await failing(3, new AgentUnreachable('the agent has ended the connection'))).toBe('It cannot be.');
    expect(waits).toEqual([1_000, 4_000, 10_000]);
    expect(await failing(4, new CommandFailure('The host is not up.'))).toBe(named);
  });

  it('waits for nothing where the mistake is our own', async () => {
    expect(await failing(3, new Error('inside'))).toBe(named);
    expect(waits).toEqual([1_000, 1_000]);
  });
});
