import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../../src/services/engine/http/refusal.ts';
import { createWorkLimit } from '../../../../src/services/engine/sso/work-limit.ts';

describe('expensive work', () => {
  it('runs a few at a time, lets some wait in line, and turns the rest away with a time to come back', async () => {
    const limited = createWorkLimit(2, 1);
    const gate = Promise.withResolvers<undefined>();
    let running = 0;
    let most = 0;
    const work = async (): Promise<string> => {
      most = Math.max(most, ++running);
      await gate.promise;
      running--;
      return 'done';
    };
    const accepted = [limited(work), limited(work), limited(work)];
    const refused = await limited(work).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
    gate.resolve(undefined);
    expect(await Promise.all(accepted)).toEqual(['done', 'done', 'done']);
    expect(most).toBe(2);
  });

  it('gives the place of work that failed to the next in line', async () => {
    const limited = createWorkLimit(1, 5);
    const outcomes = await Promise.allSettled([
      limited(async () => Promise.reject(new Error('no'))),
      limited(async () => 1),
      limited(async () => 2),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(await limited(async () => 3)).toBe(3);
  });
});
