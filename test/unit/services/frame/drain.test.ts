import { describe, expect, it } from 'vitest';
import { createDrain } from '../../../../src/services/frame/drain.ts';
import type { Log } from '../../../../src/services/frame/log.ts';

const quiet: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };

describe('draining', () => {
  it('ends the parts one after the other, once', async () => {
    const ended: string[] = [];
    const part = (name: string) => ({ name, end: async () => void ended.push(name) });
    const drain = createDrain([part('server'), part('pool')], 1_000, quiet);
    await Promise.all([drain('SIGTERM'), drain('SIGINT')]);
    expect(ended).toEqual(['server', 'pool']);
  });

  it('goes on when a part cannot be ended', async () => {
    const ended: string[] = [];
    const broken = { name: 'server', end: async () => Promise.reject(new Error('stuck')) };
    await createDrain([broken, { name: 'pool', end: async () => void ended.push('pool') }], 1_000, quiet)('SIGTERM');
    expect(ended).toEqual(['pool']);
  });

  it('forces a part that takes too long', async () => {
    const done: string[] = [];
    const slow = { name: 'server', end: () => new Promise<void>(() => undefined), force: () => void done.push('forced') };
    await createDrain([slow, { name: 'pool', end: async () => void done.push('pool') }], 10, quiet)('SIGTERM');
    expect(done).toEqual(['forced', 'pool']);
  });
});
