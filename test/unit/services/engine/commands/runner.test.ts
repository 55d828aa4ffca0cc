import { describe, expect, it } from 'vitest';
import type { CommandTypes, Fields } from '../../../../../src/services/engine/commands/command.ts';
import { createRunner } from '../../../../../src/services/engine/commands/runner.ts';
import type { Database } from '../../../../../src/services/frame/database.ts';
import type { Log } from '../../../../../src/services/frame/log.ts';

const row = {
  ...{ id: 'c', type: 'Test', parameters: {}, data: {}, stage: 0, failure: null, userId: null, userName: 'u' },
  ...{ correlationId: 'x', job: 'j', step: 's' },
};
const refusal = (code: string): Error => Object.assign(new Error(code), { severity: 'ERROR', code });
const nothing = (): void => undefined;
const log: Log = { debug: nothing, info: nothing, warning: nothing, error: nothing } as unknown as Log;

/** Carries one command out, where the database says something to each end of a stage. Returns how it ended. */
async function carriedOut(types: CommandTypes, save: (data: Fields, failure: string | null) => void): Promise<string> {
  const turn = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  let open = true;
  const database = {
    async query(sql: string, values: readonly unknown[] = []) {
      if (sql.includes('from command_entities order by')) return open ? [row] : [];
      if (sql.includes('data = $3, stage = $4')) save(JSON.parse(String(values[2])) as Fields, values[4] as string | null);
      if (sql.includes('delete from command_entities')) {
        open = false;
        resolve(String(values[2]));
      }
      return [{ written: true }];
    },
  } as unknown as Database;
  const runner = createRunner({ database, types, turn: { generation: '1', signal: turn.signal }, log, now: Date.now });
  runner.wake();
  const ended = await promise;
  turn.abort();
  await runner.idle();
  return ended;
}

describe('a stage whose end the database does not take', () => {
  it.concurrent.each(['57014', '40P01', '53100'])('at the moment (%s) is not taken back', async (code) => {
    let tries = 0;
    const types = { Test: { stages: [{ title: 'One', work: async () => ({ one: 1 }) }], succeeded: () => ({}), failed: () => ({}) } };
    const ended = await carriedOut(types, () => {
      if (++tries === 1) throw refusal(code);
    });
    expect([ended, tries]).toEqual(['FINISHED', 2]);
  });

  it('ever is taken back with all that it has kept', async () => {
    const undone: Fields[] = [];
    const types: CommandTypes = {
      Test: {
        stages: [
          {
            title: 'One',
            async work({ keep }) {
              await keep({ asked: true });
              return { text: 'what no table takes' };
            },
            async undo({ command }) {
              undone.push(command.data);
            },
          },
        ],
        ...{ succeeded: () => ({}), failed: () => ({}) },
      },
    };
    const saved: Fields[] = [];
    const ended = await carriedOut(types, (data, failure) => {
      if (failure === null) throw refusal('22P05');
      saved.push(data);
    });
    expect(ended).toBe('FAILED');
    expect(undone).toEqual([{ asked: true }]);
    expect(saved[0]).toEqual({ asked: true });
  });
});
