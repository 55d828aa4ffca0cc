import { describe, expect, test } from 'vitest';
import type { HealthCheck, HostReader } from '#kit';
import { waitHealthy } from '../../../../src/setup/core/health.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english } from '../../../support/fakes.ts';

/** A host whose time passes only while somebody sleeps. */
function sleepingHost(): HostReader & { readonly slept: () => number } {
  let time = 0;
  return { ...memoryHost(newMachine()), now: () => new Date(time), sleep: async (ms) => void (time += ms), slept: () => time };
}
const patient = new AbortController().signal;
const check = (name: string, limitMs: number, ...answers: readonly (string | undefined)[]): HealthCheck => {
  const rest = [...answers];
  return { name, limitMs, remedy: `Look at ${name}`, probe: async () => (rest.length > 1 ? rest.shift() : rest[0]) };
};

describe('waiting for services', () => {
  test('ends as soon as all are healthy', async () => {
    const host = sleepingHost();
    expect(await waitHealthy([check('a', 1000, undefined), check('b', 1000, 'not yet', 'not yet', undefined)], host, patient)).toEqual([]);
    expect(host.slept()).toBeLessThan(1000);
    expect(await waitHealthy([], host, patient)).toEqual([]);
  });

  test('has a limit for each service, and says what was wrong last', async () => {
    const host = sleepingHost();
    expect(english(await waitHealthy([check('a', 1000, 'starting', 'broken'), check('b', 1, undefined)], host, patient))).toEqual([
      { message: 'a is not healthy: broken', remedy: 'Look at a' },
    ]);
    expect(host.slept()).toBeGreaterThanOrEqual(1000);
    expect(host.slept()).toBeLessThan(1100);
  });

  test('takes a probe that throws for a service that is not healthy', async () => {
    const broken: HealthCheck = { ...check('a', 100), probe: () => Promise.reject(new Error('no route')) };
    expect(english(await waitHealthy([broken], sleepingHost(), patient))).toEqual([
      { message: 'a is not healthy: no route', remedy: 'Look at a' },
    ]);
  });

  test('does not wait any longer once a signal has come', async () => {
    const host = sleepingHost();
    expect(await waitHealthy([check('a', 60_000, 'starting')], host, AbortSignal.abort())).toHaveLength(1);
    expect(host.slept()).toBe(0);
  });
});
