import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createLog } from '../../../../src/services/frame/log.ts';
import { createMask } from '../../../../src/services/frame/mask.ts';
import { createStartTasks } from '../../../../src/services/host-agent/storage/start-tasks.ts';
import type { TaskRecord } from '../../../../src/services/host-agent/storage/task-files.ts';
import { createTasks, type Work } from '../../../../src/services/host-agent/storage/tasks.ts';

const log = createLog({ write: () => undefined, now: () => new Date(), mask: createMask() });
const left = (kind: string): TaskRecord => ({
  ...{ id: randomUUID(), verb: kind, kind, params: {}, state: 'running', result: '', code: 0, message: '' },
});

test('what was left is taken back before the role is there, and what takes hours is carried through afterwards', async () => {
  const released = Promise.withResolvers<undefined>();
  const wiping: Work = {
    run: () => released.promise,
    recover: () => released.promise.then(() => 'finished'),
    isForward: true,
  };
  const making: Work = { run: async () => undefined, recover: async () => 'undone' };
  // More than are at work at once.
  const wipes = Array.from({ length: 6 }, () => left('wiping'));
  const made = left('making');
  const records = [...wipes, made];
  const files = { write: async () => undefined, remove: async () => undefined, readAll: async () => records };
  const tasks = createTasks(files, { wiping, making }, { assert: () => undefined, lost: new AbortController().signal, log });

  await tasks.takeUp();
  expect(tasks.status(made.id)).toMatchObject({ taskState: 'finished', taskResult: 'cleanSuccess', code: 411 });
  expect(wipes.map(({ id }) => tasks.status(id).taskState)).not.toContain('finished');
  expect(tasks.isBusy()).toBe(true);
  released.resolve(undefined);
  await tasks.idle();
  expect(wipes.map(({ id }) => tasks.status(id))).toEqual(wipes.map(() => expect.objectContaining({ taskResult: 'success' }) as unknown));
});

test('a role can be taken however many of those who began to take it were killed before they had that forgotten', async () => {
  const starts = createStartTasks();
  const working = Promise.withResolvers<undefined>();
  starts.begin('long', () => working.promise);
  for (let at = 0; at < 300; at++) {
    starts.begin(String(at), async () => undefined);
    await Promise.resolve();
  }
  expect(starts.ids().length).toBeLessThanOrEqual(100);
  expect(starts.status('long')).toMatchObject({ taskState: 'running' });
  expect(starts.has('299')).toBe(true);
  working.resolve(undefined);
});
