import { afterEach, describe, expect, it, vi } from 'vitest';
import { AgentFailure } from '../../../../../src/services/engine/agents/agent-failure.ts';
import type { Agent } from '../../../../../src/services/engine/agents/agent.ts';
import type { Agents } from '../../../../../src/services/engine/agents/agents.ts';
import { statusNumber } from '../../../../../src/services/engine/hosts/host-status.ts';
import { createHostStorage } from '../../../../../src/services/engine/storage/host-storage.ts';
import { poolStatus } from '../../../../../src/services/engine/storage/storage-kinds.ts';
import type { StorageRecords } from '../../../../../src/services/engine/storage/storage-records.ts';
import { startStorageWatch } from '../../../../../src/services/engine/storage/storage-watch.ts';
import type { Database } from '../../../../../src/services/frame/database.ts';
import type { Log } from '../../../../../src/services/frame/log.ts';
import { createTurns } from '../../../../../src/services/frame/turns.ts';

/* What an agent says that has just been started - no, to everything - says nothing of its host. */

const pool = { id: 'pool', name: 'Default', status: poolStatus.up, masterVersion: 1, master: 'master', spm: 'first', version: '5' };
const hostOf = (id: string) => ({ id, name: id, address: id, port: 54_321, status: statusNumber('up'), priority: 5, spmId: 1 });
const recovering = (method: string): never => {
  throw new AgentFailure(method, 99, 'Recovering from crash or Initializing');
};

const records = (): StorageRecords =>
  ({
    pools: async () => [pool],
    pool: async () => pool,
    poolOf: async () => pool,
    domains: async () => [],
    hosts: async () => [hostOf('first'), hostOf('second')],
    numberOf: async () => 1,
    setPool: vi.fn(async () => undefined),
  }) as unknown as StorageRecords;
const asking = { signal: new AbortController().signal };
const ended: AbortController[] = [];
afterEach(() => ended.splice(0).forEach((one) => one.abort()));

describe('an agent that has just been started', () => {
  const agent = (call: (method: string) => unknown) => ({ call: async (method: string) => call(method) }) as unknown as Agent;
  const who = (call: (method: string) => unknown) => ({ host: { id: 'first', name: 'first' }, agent: agent(call) });

  it('does not have its host taken for one that cannot reach the storage', async () => {
    const storage = createHostStorage(records(), createTurns());
    await expect(storage.keep(who(recovering), asking)).rejects.toThrow('Recovering');
    await expect(storage.connect(who(recovering), asking)).rejects.toThrow('Recovering');
    const refused = await storage.connect(
      who((method) => {
        throw new AgentFailure(method, 304, 'no master domain');
      }),
      asking,
    );
    expect(refused?.text).toContain('no master domain');
  });

  it('is waited for before its host is let go', async () => {
    const calls: string[] = [];
    const storage = createHostStorage(records(), createTurns());
    await storage.release(
      who((method) => (calls.push(method) === 1 ? recovering(method) : true)),
      asking,
      async () => false,
    );
    expect(calls).toEqual(['StoragePool.spmStop', 'StoragePool.spmStop', 'StoragePool.disconnect']);
  });

  it('keeps its role as storage pool manager', async () => {
    const calls: string[] = [];
    const turn = new AbortController();
    ended.push(turn);
    const agents = {
      of: ({ id }: { id: string }) => ({
        connected: true,
        call: async (method: string) => (calls.push(`${id} ${method}`), recovering(method)),
      }),
    } as unknown as Agents;
    const database = {
      query: async (sql: string) => (sql.includes('vdc_options') ? [{ value: '1' }] : []),
    } as unknown as Database;
    const log = { warning: () => undefined } as unknown as Log;
    const watching = startStorageWatch({
      ...{ database, agents, records: records(), turns: createTurns(), tell: async () => undefined },
      ...{ turn: { generation: '1', signal: turn.signal }, log, now: Date.now },
    });
    await vi.waitFor(() => expect(calls.length).toBeGreaterThan(1), { timeout: 5_000 });
    turn.abort();
    await watching;
    expect(new Set(calls)).toEqual(new Set(['first StoragePool.getSpmStatus']));
  });
});
