import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Agents } from '../../../../../src/services/engine/agents/agents.ts';
import type { MachineRecords } from '../../../../../src/services/engine/machines/machine-records.ts';
import { createMachineTurns } from '../../../../../src/services/engine/machines/machine-turns.ts';
import { createMachineWatch, type MachineWatchParts } from '../../../../../src/services/engine/monitoring/machine-watch.ts';
import type { Database } from '../../../../../src/services/frame/database.ts';
import type { Log } from '../../../../../src/services/frame/log.ts';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function watch(more: Partial<MachineWatchParts>) {
  return createMachineWatch({
    ...{ database: {} as Database, agents: {} as Agents, records: {} as MachineRecords, turns: createMachineTurns() },
    ...{ tell: async () => undefined, turn: { generation: '1', signal: new AbortController().signal }, log: {} as Log },
    ...more,
  });
}

describe('a host that tells without end', () => {
  it('has so many events taken in at a time, and no more; others are heard', async () => {
    const asked: string[] = [];
    let gate = Promise.withResolvers<null>();
    const find = (machine: string): Promise<null> => {
      asked.push(machine);
      return gate.promise;
    };
    const seen = watch({ records: { find } as unknown as MachineRecords });
    const tell = (host: string, from: number, to: number): void => {
      for (let n = from; n < to; n++) seen.event(host, `|virt|VM_status|${id(n)}`, { [id(n)]: { status: 'Up' } });
    };
    tell('bad', 0, 5_000);
    tell('good', 200_000, 200_001);
    await setImmediate();
    expect(asked).toHaveLength(501);
    expect(asked.at(-1)).toBe(id(200_000));
    gate.resolve(null);
    await seen.idle();
    gate = Promise.withResolvers<null>();
    gate.resolve(null);
    tell('bad', 300_000, 300_001);
    await seen.idle();
    expect(asked.at(-1)).toBe(id(300_000));
  });
});

describe('what was stored of a machine', () => {
  it('is forgotten when nothing is told of it any more', async () => {
    const facts: unknown[] = [];
    const database = {
      query: async (_sql: string, [rows]: readonly string[]) => {
        facts.push(...(JSON.parse(rows ?? '[]') as { facts: unknown }[]).map((row) => row.facts !== null));
        return [];
      },
    } as unknown as Database;
    const records = { commit: async () => undefined, known: async () => [] } as unknown as MachineRecords;
    const agents = { of: () => ({ call: async () => [{ vmId: id(1), status: 'Up' }] }) } as unknown as Agents;
    const seen = watch({ database, records, agents });
    const host = { id: 'h', status: 3 } as Parameters<typeof seen.look>[0];
    const look = async (): Promise<void> => {
      await seen.look(host, [{ id: id(1), status: 'up' }] as unknown as Parameters<typeof seen.look>[1]);
      await seen.round([]);
    };
    const rounds = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await seen.round([]);
    };
    await look();
    await look();
    // What has not changed is not given again, and is given anew after an hour of silence.
    expect(facts).toEqual([true, false]);
    await rounds(1_800);
    await look();
    await rounds(3_600);
    await look();
    expect(facts).toEqual([true, false, false, true]);
  });
});
