import { describe, expect, test } from 'vitest';
import { inEnglish } from '#kit';
import { duration, rough } from '../../../../src/setup/ui/durations.ts';
import { type Work, newWork } from '../../../../src/setup/ui/work.ts';
import { fileStep } from '../../../support/fakes.ts';

const steps = ['a', 'b', 'c', 'd', 'e'].map((id) => fileStep(id, `/${id}`, id, { title: `Making ${id}` }));
const [a, b] = steps as [(typeof steps)[number], (typeof steps)[number]];

/** Work that began at no time, with a clock that is set by hand. */
function work(expected: Readonly<Record<string, number>> = {}) {
  const clock = { ms: 0 };
  const made: Work = newWork(() => clock.ms);
  made.planned(steps, new Map(Object.entries(expected)));
  return { work: made, clock };
}
const now = (of: Work): readonly string[] => of.now().map(({ text, state, output }) => [state, inEnglish(text), output].join(' ').trim());

describe('durations', () => {
  test.each([
    [0, '0.0 s'],
    [449, '0.4 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min 0 s'],
    [185_000, '3 min 5 s'],
  ])('of %i ms are %s', (ms, wanted) => {
    expect(inEnglish(duration(ms))).toBe(wanted);
  });

  test('that are estimates have whole seconds', () => {
    expect(inEnglish(rough(1_600))).toBe('2 s');
  });
});

describe('what goes on', () => {
  test('is the running step and those that come next', () => {
    const { work: on, clock } = work();
    on.started(a);
    clock.ms = 3_000;
    expect(now(on)).toEqual(['running Making a (3 s)', 'waiting Making b', 'waiting Making c']);
  });

  test('between two steps is what comes next', () => {
    const { work: on } = work();
    on.ended(a, 'done', 1);
    expect(now(on)).toEqual(['waiting Making b', 'waiting Making c', 'waiting Making d']);
  });

  test('tells how long the step usually takes, where that is known', () => {
    const { work: on, clock } = work({ a: 12_000 });
    on.started(a);
    clock.ms = 15_000;
    expect(now(on)[0]).toBe('running Making a (15 s, usually about 12 s)');
  });

  test('tells what the step said last, and nothing that another one said', () => {
    const { work: on } = work();
    on.started(a);
    on.said('one');
    on.said('two');
    expect(now(on)[0]).toBe('running Making a (0 s) two');
    on.ended(a, 'done', 1);
    on.started(b);
    expect(now(on)[0]).toBe('running Making b (0 s)');
  });
});

describe('a step that is over', () => {
  test.each([
    ['done', 'Making a (1.2 s)'],
    ['failed', 'Making a (1.2 s)'],
    ['undone', 'Making a (taken back)'],
  ] as const)('(%s) leaves a line', (how, text) => {
    const line = work().work.ended(a, how, how === 'undone' ? undefined : 1_200);
    expect(line?.state).toBe(how);
    expect(inEnglish(line?.text ?? '')).toBe(text);
  });

  test('in no time tells no time', () => {
    expect(inEnglish(work().work.ended(a, 'done', 49)?.text ?? '')).toBe('Making a');
    expect(inEnglish(work().work.ended(a, 'done', 50)?.text ?? '')).toBe('Making a (0.1 s)');
  });

  test('without having changed anything leaves none, and counts', () => {
    const { work: on } = work();
    expect(on.ended(a, 'already', 2)).toBeUndefined();
    expect(inEnglish(on.summary())).toBe('Step 2 of 5, 0 s so far');
  });
});

describe('the summary', () => {
  const all = { a: 10_000, b: 20_000, c: 5_000, d: 5_000, e: 5_000 };
  const summary = (on: Work): string => inEnglish(on.summary());

  test('tells what is left where every step was timed before', () => {
    const { work: on, clock } = work(all);
    expect(summary(on)).toBe('Step 1 of 5, 0 s so far, about 45 s left');
    on.started(a);
    clock.ms = 4_000;
    expect(summary(on)).toBe('Step 1 of 5, 4 s so far, about 41 s left');
  });

  test('does not let a slow step eat the time of those behind it', () => {
    const { work: on, clock } = work(all);
    on.started(a);
    clock.ms = 60_000;
    expect(summary(on)).toBe('Step 1 of 5, 1 min 0 s so far, about 35 s left');
  });

  test('says that it is at least so much where a step has never run here', () => {
    const { e: _, ...four } = all;
    expect(summary(work(four).work)).toBe('Step 1 of 5, 0 s so far, at least 40 s left');
  });

  test('guesses nothing in a first run', () => {
    expect(summary(work().work)).toBe('Step 1 of 5, 0 s so far');
  });

  test.each(['failed', 'undone'] as const)('promises nothing more after a step was %s', (how) => {
    const { work: on, clock } = work(all);
    on.ended(a, how, undefined);
    clock.ms = 3_000;
    expect(now(on)).toEqual([]);
    expect(summary(on)).toBe('Taking back what was done, 3 s so far');
  });

  test('never counts beyond the last step', () => {
    const { work: on } = work(all);
    for (const step of steps) on.ended(step, 'done', 1);
    expect(summary(on)).toBe('Step 5 of 5, 0 s so far');
  });
});
