import { describe, expect, it } from 'vitest';
import type { History } from '../../../../src/services/dwh/history.ts';
import { keepWorking } from '../../../../src/services/dwh/keep-working.ts';
import { DatabaseUnavailable } from '../../../../src/services/frame/database.ts';
import { createLog } from '../../../../src/services/frame/log.ts';
import { createMask } from '../../../../src/services/frame/mask.ts';

const session: History = {
  query: async () => [],
  close: async () => undefined,
  atomically: async (work) => work(),
};

/** Works once until `trouble`, and then does nothing that would show whether all is well. Returns what it says at its second begin. */
async function wellAfter(trouble: Error): Promise<boolean> {
  const ending = new AbortController();
  let begun = 0;
  const again = Promise.withResolvers<undefined>();
  const log = createLog({ write: () => undefined, now: () => new Date(), mask: createMask() });
  const worker = keepWorking({
    history: session,
    open: async () => session,
    work: async () => {
      if (++begun === 1) throw trouble;
      again.resolve(undefined);
      await new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve()));
    },
    failed: async () => undefined,
    log,
    signal: ending.signal,
  });
  await again.promise;
  const well = worker.well();
  ending.abort();
  await worker.ended;
  return well;
}

describe('the work on the history', () => {
  it('is well again as soon as a database that was away is back', async () => {
    expect(await wellAfter(new DatabaseUnavailable(new Error('gone')))).toBe(true);
  });
});
