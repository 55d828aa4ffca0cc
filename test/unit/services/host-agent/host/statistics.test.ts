import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createHostStatistics } from '../../../../../src/services/host-agent/host/statistics.ts';

test('the load of a host is that of the last five minutes', async () => {
  const ofFiveMinutes = async (): Promise<number> => Number((await readFile('/proc/loadavg', 'utf8')).split(' ')[1]);
  const statistics = createHostStatistics({ clock: () => performance.now(), now: Date.now });
  // The kernel counts anew every five seconds, so that it may change while it is read.
  const before = await ofFiveMinutes();
  const { cpuLoad } = statistics.read();
  const [least = 0, most = 0] = [before, await ofFiveMinutes()].sort((a, b) => a - b);
  expect(Number(cpuLoad)).toBeGreaterThanOrEqual(least - 0.011);
  expect(Number(cpuLoad)).toBeLessThanOrEqual(most + 0.011);
});
