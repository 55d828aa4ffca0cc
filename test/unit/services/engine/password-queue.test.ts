import { describe, expect, it } from 'vitest';
import { createPasswordQueue, type QueueLimits } from '../../../../src/services/engine/sso/password-queue.ts';

const limits: QueueLimits = { atOnce: 4, waiting: 8, perSource: { atOnce: 2, waiting: 4 } };

/** A queue whose checks end when told. Each attempt goes by `source name`, and by a number where there are several. */
function queueOf(changes: Partial<QueueLimits> = {}) {
  const queued = createPasswordQueue({ ...limits, ...changes });
  const begun: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<undefined>>();
  const outcomes = new Map<string, Promise<unknown>>();
  return {
    begun,
    ask(source: string, name: string, label = `${source} ${name}`) {
      const gate = Promise.withResolvers<undefined>();
      gates.set(label, gate);
      const check = async (): Promise<string> => {
        begun.push(label);
        await gate.promise;
        return 'checked';
      };
      outcomes.set(
        label,
        queued({ source, name }, check).catch((error: unknown) => error),
      );
    },
    async end(label: string) {
      gates.get(label)?.resolve(undefined);
      await outcomes.get(label);
      await settled();
    },
    outcome: (label: string) => outcomes.get(label),
  };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the queue for checks of passwords', () => {
  it('gives one source its share at most and leaves the rest to others', async () => {
    const queue = queueOf();
    for (const name of ['1', '2', '3', '4']) queue.ask('flood', name);
    queue.ask('home', 'admin');
    await settled();
    expect(queue.begun).toEqual(['flood 1', 'flood 2', 'home admin']);
    await queue.end('flood 2');
    expect(queue.begun.at(-1)).toBe('flood 3');
  });

  it('lets sources take turns', async () => {
    const queue = queueOf({ atOnce: 1 });
    for (const name of ['1', '2', '3']) queue.ask('flood', name);
    queue.ask('home', 'admin');
    await queue.end('flood 1');
    await queue.end('flood 2');
    await queue.end('home admin');
    await queue.end('flood 3');
    expect(queue.begun).toEqual(['flood 1', 'flood 2', 'home admin', 'flood 3']);
  });

  it('lets the names of a source take turns', async () => {
    const queue = queueOf({ atOnce: 1 });
    for (const label of ['a', 'b', 'c']) queue.ask('here', 'nobody', label);
    queue.ask('here', 'admin', 'admin');
    for (const label of ['a', 'b', 'admin', 'c']) await queue.end(label);
    expect(queue.begun).toEqual(['a', 'b', 'admin', 'c']);
  });

  it('turns away, of the name with the most attempts, the one that has waited longest', async () => {
    const queue = queueOf({ atOnce: 1 });
    for (const label of ['running', 'oldest', 'second', 'third']) queue.ask('here', 'nobody', label);
    queue.ask('here', 'admin', 'admin');
    queue.ask('here', 'nobody', 'newest');
    expect(await queue.outcome('oldest')).toMatchObject({ status: 429, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
    for (const label of ['running', 'second', 'admin', 'third', 'newest']) await queue.end(label);
    expect(queue.begun).toEqual(['running', 'second', 'admin', 'third', 'newest']);
  });

  it('turns away an attempt of the source with the most when it is full altogether', async () => {
    const queue = queueOf({ atOnce: 1, waiting: 4 });
    for (const name of ['1', '2', '3', '4']) queue.ask('flood', name);
    queue.ask('home', 'admin');
    queue.ask('work', 'admin');
    expect(await queue.outcome('flood 2')).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
    for (const label of ['flood 1', 'flood 3', 'home admin', 'work admin', 'flood 4']) await queue.end(label);
    expect(queue.begun).toEqual(['flood 1', 'flood 3', 'home admin', 'work admin', 'flood 4']);
  });

  it('gives the place of a check that failed to the next', async () => {
    const queued = createPasswordQueue({ ...limits, perSource: { atOnce: 1, waiting: 5 } });
    const asker = { source: 'here', name: 'admin' };
    const outcomes = await Promise.allSettled([
      queued(asker, async () => Promise.reject(new Error('no'))),
      queued(asker, async () => 1),
      queued(asker, async () => 2),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });
});
