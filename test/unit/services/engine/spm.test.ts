import { beforeEach, describe, expect, it } from 'vitest';
import { AgentFailure, AgentUnreachable } from '../../../../src/services/engine/agents/agent-failure.ts';
import type { Agents } from '../../../../src/services/engine/agents/agents.ts';
import { CommandFailure, type Fields } from '../../../../src/services/engine/commands/command.ts';
import { createSpm, type SpmOccasion } from '../../../../src/services/engine/storage/spm.ts';
import type { Database } from '../../../../src/services/frame/database.ts';

const pool = '00000000-0000-4000-8000-00000000000a';
const host = { pool: 'Default', id: '00000000-0000-4000-8000-00000000000b', name: 'host1', address: '127.0.0.1', port: 54321 };

/** Makes what a storage with one volume and tasks of an SPM would do. */
function storage() {
  const state = {
    volume: 'missing' as 'missing' | 'unfinished' | 'whole',
    calls: [] as string[],
    tasks: new Map<string, object>(),
    count: 0,
  };
  const verbs: Record<string, (params: Readonly<Record<string, unknown>>) => unknown> = {
    'Volume.create': () => {
      if (state.volume !== 'missing') throw new AgentFailure('Volume.create', 212, 'it is there already');
      state.volume = 'whole';
      const id = `task-${++state.count}`;
      state.tasks.set(id, { taskState: 'finished', taskResult: 'success', code: 0, message: '' });
      return id;
    },
    'Volume.getInfo': () => {
      if (state.volume === 'missing') throw new AgentFailure('Volume.getInfo', 201, 'there is none');
      return { legality: state.volume === 'whole' ? 'LEGAL' : 'ILLEGAL' };
    },
    'Task.getStatus': ({ taskID }) => {
      const found = state.tasks.get(String(taskID));
      if (found === undefined) throw new AgentFailure('Task.getStatus', 401, 'unknown');
      return found;
    },
    'Task.clear': ({ taskID }) => void state.tasks.delete(String(taskID)),
  };
  return { state, verbs };
}

let world: ReturnType<typeof storage>;
let rows: (typeof host | (Omit<typeof host, 'id'> & { id: null }))[];
let kept: Fields[];
beforeEach(() => {
  world = storage();
  [rows, kept] = [[host], []];
});

const spm = (patienceMs = 300) =>
  createSpm({
    database: { query: async () => rows } as unknown as Database,
    agents: {
      of: () => ({
        call: async (method: string, params: Readonly<Record<string, unknown>>) => {
          world.state.calls.push(method);
          return world.verbs[method]?.(params);
        },
      }),
    } as unknown as Agents,
    patienceMs,
    everyMs: 1,
  });
const occasion = (data: Fields = {}): SpmOccasion => ({
  command: { data, correlationId: 'flow' } as SpmOccasion['command'],
  signal: new AbortController().signal,
  keep: async (found) => void kept.push(found),
});
const create = {
  ...{ pool, key: 'task', verb: 'Volume.create', params: {} },
  isDone: async ({ agent }: Parameters<Parameters<ReturnType<typeof spm>['run']>[1]['isDone']>[0]) =>
    ((await agent.call('Volume.getInfo')) as { legality: string }).legality === 'LEGAL',
};
const creations = () => world.state.calls.filter((call) => call === 'Volume.create').length;

describe('a task of the SPM', () => {
  it('is begun, kept by its name, waited for and forgotten', async () => {
    await spm().run(occasion(), create);
    expect(world.state.calls).toEqual(['Volume.getInfo', 'Volume.create', 'Task.getStatus', 'Task.clear']);
    expect(kept).toEqual([{ task: 'task-1' }]);
  });

  it('is found by its name by the next engine', async () => {
    world.state.tasks.set('task-7', { taskState: 'finished', taskResult: 'success' });
    await spm().run(occasion({ task: 'task-7' }), create);
    expect(world.state.calls).toEqual(['Task.getStatus', 'Task.clear']);
  });

  it('is not begun again where it was done, and the name of it lost', async () => {
    world.state.volume = 'whole';
    await spm().run(occasion(), create);
    expect(creations()).toBe(0);
    await spm().run(occasion({ task: 'task-that-was-cleared' }), create);
    expect(creations()).toBe(0);
  });

  it('is waited for where it is under way, and the name of it lost', async () => {
    world.state.volume = 'unfinished';
    setTimeout(() => (world.state.volume = 'whole'), 40);
    await spm().run(occasion(), create);
    expect(kept).toEqual([]);
  });

  it('is begun again where the first one came to nothing', async () => {
    world.state.volume = 'unfinished';
    setTimeout(() => (world.state.volume = 'missing'), 40);
    await spm().run(occasion(), create);
    expect(kept).toEqual([{ task: 'task-1' }]);
  });

  it('is done where it is refused the second time, since only the answer to the first one was lost', async () => {
    world.state.volume = 'whole';
    const removal = { ...create, verb: 'Image.delete', isDone: async () => world.state.volume === 'missing' };
    world.verbs['Image.delete'] = () => {
      if (world.state.volume === 'missing') throw new AgentFailure('Image.delete', 268, 'there is none');
      world.state.volume = 'missing';
      throw new AgentUnreachable('the agent has ended the connection');
    };
    await spm().run(occasion(), removal);
    world.state.volume = 'whole';
    world.verbs['Image.delete'] = () => {
      throw new AgentFailure('Image.delete', 304, 'the domain is not active');
    };
    await expect(spm().run(occasion(), removal)).rejects.toThrow('the domain is not active');
  });

  it('fails with a sentence that says why', async () => {
    world.verbs['Volume.create'] = () => 'task-1';
    world.state.tasks.set('task-1', { taskState: 'finished', taskResult: 'cleanSuccess', code: 397, message: 'There is no room left' });
    await expect(spm().run(occasion(), create)).rejects.toThrow(
      new CommandFailure('The storage pool manager could not do it: There is no room left (code 397).'),
    );
    expect(world.state.tasks.size).toBe(0);
  });

  it('is carried on with by another SPM, which knows it', async () => {
    world.state.tasks.set('task-1', { taskState: 'running' });
    const known = world.verbs['Task.getStatus']!;
    let asked = 0;
    world.verbs['Task.getStatus'] = (params) => {
      if (++asked === 2) throw new AgentFailure('Task.getStatus', 654, 'not the SPM');
      if (asked === 3) throw new AgentUnreachable('away');
      if (asked === 4) world.state.tasks.set('task-1', { taskState: 'finished', taskResult: 'success' });
      return known(params);
    };
    await spm().run(occasion({ task: 'task-1' }), create);
    expect(asked).toBe(4);
  });

  it('does not wait for ever: for an SPM, for an agent that forgets everything, for one that says nothing', async () => {
    rows = [{ ...host, id: null }];
    await expect(spm(20).run(occasion(), create)).rejects.toThrow(/No host is the storage pool manager of data center Default/);
    rows = [host];
    world.verbs['Task.getStatus'] = () => {
      throw new AgentFailure('Task.getStatus', 401, 'unknown');
    };
    world.verbs['Volume.getInfo'] = () => ({ legality: 'ILLEGAL' });
    world.verbs['Volume.create'] = () => 'task-9';
    await expect(spm().run(occasion(), create)).rejects.toThrow(/are not known there/);
    world.verbs['Task.getStatus'] = () => ({ no: 'state' });
    await expect(spm().run(occasion(), create)).rejects.toThrow(/does not say/);
    world.verbs['Volume.create'] = () => ({});
    await expect(spm().run(occasion(), create)).rejects.toThrow(/not the name of a task/);
  });
});

describe('the SPM', () => {
  it('is waited for while there is none, and named at once where nobody waits', async () => {
    rows = [{ ...host, id: null }];
    await expect(spm().find(pool)).rejects.toThrow(CommandFailure);
    setTimeout(() => (rows = [host]), 20);
    expect(await spm().ask(occasion(), pool, async ({ name }) => name)).toBe('host1');
  });

  it('says no, which is the last word', async () => {
    await expect(
      spm().ask(occasion(), pool, async () => {
        throw new AgentFailure('StorageDomain.detach', 383, 'it is the master');
      }),
    ).rejects.toThrow('it is the master');
  });
});
