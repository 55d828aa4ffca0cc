import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listenToSignals } from '../../../../src/setup/cli/signals.ts';
import { useProgram } from '../../../support/program.ts';

const { directory, shell } = useProgram();

describe('a signal', () => {
  test.each(['setup', 'plan'])('ends the wait for a pipe that nobody writes to, with nothing changed: %s', (command) => {
    // A pipe can be opened for writing as soon as somebody reads from it.
    const pipe = `wait-${command}`;
    const script = `mkfifo ${pipe}; "$0" ${command} --root=signalled --config-append=${pipe} & exec 9>${pipe}; kill -INT $!; wait $!`;
    const { code, stderr } = shell(script);
    expect([code, stderr]).toEqual([5, 'engine-setup: Stopped by a signal\n']);
    expect(existsSync(join(directory, 'signalled'))).toBe(false);
  });
});

describe('signals', () => {
  function listening() {
    const before = new Map((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => [name, process.listeners(name)]));
    const ended: number[] = [];
    const signals = listenToSignals((code) => void ended.push(code));
    const send = (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void => {
      for (const listener of process.listeners(name)) if (before.get(name)?.includes(listener) === false) listener(name);
    };
    const forget = (): void => {
      for (const [name, old] of before)
        for (const listener of process.listeners(name)) if (!old.includes(listener)) process.off(name, listener);
    };
    return { signals, ended, send, forget };
  }

  test('ask a run to stop the first time, and end it the second time', () => {
    for (const committed of [false, true]) {
      const { signals, ended, send, forget } = listening();
      try {
        if (committed) signals.commit();
        expect(signals.signal.aborted).toBe(false);
        send('SIGINT');
        expect([signals.signal.aborted, ended]).toEqual([true, []]);
        send('SIGTERM');
        expect(ended).toEqual([committed ? 3 : 5]);
      } finally {
        forget();
      }
    }
  });

  test('let the last words be said before the end, which comes whatever happens to them', () => {
    const { signals, ended, send, forget } = listening();
    try {
      signals.beforeEnd((code) => {
        expect([code, ended]).toEqual([5, []]);
        throw new Error('nobody hears them');
      });
      send('SIGINT');
      expect(() => send('SIGINT')).toThrow('nobody hears them');
      expect(ended).toEqual([5]);
    } finally {
      forget();
    }
  });

  test('that say that the terminal is gone stop a run before the confirmation only', () => {
    const { signals, ended, send, forget } = listening();
    try {
      signals.commit();
      send('SIGHUP');
      send('SIGHUP');
      expect([signals.signal.aborted, ended]).toEqual([false, []]);
    } finally {
      forget();
    }
    const early = listening();
    try {
      early.send('SIGHUP');
      expect(early.signals.signal.aborted).toBe(true);
    } finally {
      early.forget();
    }
  });
});
