import { beforeEach, describe, expect, test, vi } from 'vitest';
import { patientLog } from '../../../../src/setup/host/supervisor/patient-log.ts';
import { notes } from '../../../../src/setup/host/supervisor/records.ts';
import { supervise } from '../../../../src/setup/host/supervisor/supervise.ts';

const stop = vi.hoisted(() => vi.fn<() => Promise<void>>());
vi.mock(import('../../../../src/setup/host/supervisor/unit-runner.ts'), () => ({
  unitRunner: () => ({
    sequence: () => 0,
    start: async () => undefined,
    stop,
    restart: async () => undefined,
    reload: async () => undefined,
  }),
}));

const full = (): never => {
  throw Object.assign(new Error('full'), { code: 'ENOSPC' });
};

describe('the end of a supervisor', () => {
  beforeEach(() => void stop.mockReset().mockResolvedValue());

  test('that fails leaves it at work, and can be tried again', async () => {
    const log = vi.fn();
    const answer = supervise({ root: '/nowhere', held: '/nowhere', notes: notes(log), log });
    await answer({ op: 'stop', unit: 'stubborn' });
    stop.mockRejectedValueOnce(new Error('process 7 cannot be ended'));
    const [first, second] = [answer({ op: 'shutdown' }), answer({ op: 'shutdown' })];
    expect(await answer({ op: 'stop', unit: 'stubborn' })).toEqual({ ok: false, message: 'The supervisor is ending' });
    expect([await first, await second]).toEqual(Array(2).fill({ ok: false, message: 'process 7 cannot be ended' }));
    expect(await answer({ op: 'reload', unit: 'stubborn' })).toEqual({ ok: true });
    expect(await answer({ op: 'shutdown' })).toEqual({ ok: true });
    expect(await answer({ op: 'reload', unit: 'stubborn' })).toMatchObject({ ok: false });
  });
});

describe('a note that cannot be made', () => {
  test('waits until it can, gives way to a newer one, and is told of once', () => {
    const log = vi.fn<(line: string) => void>();
    const made: string[] = [];
    const { make, retry } = notes(log);
    make('a', full);
    make('a', full);
    retry();
    expect(log.mock.calls).toEqual([['what is known of a cannot be noted down, and is kept in memory: ENOSPC']]);
    let room = false;
    make('a', () => (room ? made.push('new') : full()));
    retry();
    expect(made).toEqual([]);
    room = true;
    retry();
    retry();
    expect(made).toEqual(['new']);
    expect(log).toHaveBeenLastCalledWith('what is known of a is noted down');
  });
});

describe('a line of the log that does not fit', () => {
  test('waits with those behind it, also if a part of it fitted; of too many the number is told', () => {
    let room = 0;
    let text = '';
    const { write, retry } = patientLog((bytes) => {
      if (room === 0) full();
      const fits = bytes.subarray(0, room);
      room -= fits.length;
      text += fits.toString();
      return fits.length;
    });
    for (let line = 1; line <= 1002; line++) write(`line ${line}`);
    expect(text).toBe('');
    room = 10;
    retry();
    expect(text).toHaveLength(10);
    room = Infinity;
    write('the last one');
    const lines = text.trimEnd().split('\n').map((line) => line.replace(/^\S+Z /, '')); // prettier-ignore
    expect([lines[0], lines[999], lines[1000], lines.length]).toEqual([
      'line 1',
      'line 1000',
      '3 lines were lost, because they could not be written',
      1001,
    ]);
  });
});
