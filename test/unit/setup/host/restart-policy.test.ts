import { describe, expect, test } from 'vitest';
import { afterExit } from '../../../../src/setup/host/supervisor/restart-policy.ts';
import { parseUnit } from '../../../../src/setup/host/unit-file.ts';

const unit = (...lines: readonly string[]) => parseUnit(['[Service]', 'ExecStart=/bin/true', ...lines].join('\n'), 'x');
const clean = { code: 0, signal: null };
const crash = { code: 1, signal: null };
const day = 86_400_000;

describe('a unit whose process ended by itself', () => {
  test('goes by its policy and by how it ended', () => {
    const ends = [clean, crash, { code: null, signal: 'SIGKILL' }, { code: null, signal: 'SIGTERM' }, { code: null, signal: null }];
    const then = (policy: string): readonly string[] => ends.map((exit) => afterExit(unit(`Restart=${policy}`), exit, day, 0).then);
    expect(then('no')).toEqual(['stopped', 'failed', 'failed', 'stopped', 'failed']);
    expect(then('on-failure')).toEqual(['stopped', 'restart', 'restart', 'stopped', 'restart']);
    expect(then('always')).toEqual(['restart', 'restart', 'restart', 'restart', 'restart']);
  });

  test('waits longer each time it fails quickly, up to five seconds, and is given up after ten', () => {
    const delays: number[] = [];
    let quickFailures = 0;
    for (;;) {
      const verdict = afterExit(unit('Restart=always', 'RestartSec=100ms'), crash, 5, quickFailures);
      if (verdict.then !== 'restart') break;
      delays.push(verdict.afterMs);
      quickFailures = verdict.quickFailures;
    }
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  });

  test('starts counting anew once it has lived for a while, and keeps a longer delay of its own', () => {
    expect(afterExit(unit('Restart=always', 'RestartSec=20'), crash, day, 9)).toEqual({
      then: 'restart',
      afterMs: 20_000,
      quickFailures: 0,
    });
    expect(afterExit(unit('Restart=always', 'RestartSec=20'), crash, 5, 4)).toEqual({ then: 'restart', afterMs: 20_000, quickFailures: 5 });
  });
});
