import { type Step, type Text, message, term } from '#kit';
import { duration, remaining, rough } from './durations.ts';

/** A line about a step. */
export interface Line {
  readonly text: Text;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'undone';
  /** What the step said last. */
  readonly output?: string;
}

/** How far the work of a run has come, in words. */
export interface Work {
  planned(steps: readonly Step[], expected: ReadonlyMap<string, number>): void;
  started(step: Step): void;
  said(line: string): void;
  /** Returns the line that stays; a step that had nothing to do has none. */
  ended(step: Step, how: 'done' | 'already' | 'failed' | 'undone', ms: number | undefined): Line | undefined;
  /** The step that runs, and those that come next. */
  now(): readonly Line[];
  /** `Step 3 of 12, 20 s so far, about 40 s left` */
  summary(): Text;
}

/** How many lines `now` has at most: the running step, and a few of those to come. */
export const linesShown = 3;

/** What took less is not worth a number. */
const notable = 50;

/** @param clock milliseconds that have passed since any moment */
export function newWork(clock: () => number): Work {
  let steps: readonly Step[] = [];
  let expected: ReadonlyMap<string, number> = new Map();
  let begun = clock();
  let running: { readonly step: Step; readonly since: number } | undefined;
  let output: string | undefined;
  let back = false;
  const over = new Set<string>();

  const elapsed = (): number => (running === undefined ? 0 : clock() - running.since);
  const left = (): readonly Step[] => steps.filter(({ id }) => !over.has(id));
  const runningLine = (step: Step): Line => {
    const usual = expected.get(step.id);
    const time = usual === undefined ? rough(elapsed()) : message`${term(rough(elapsed()))}, usually about ${term(rough(usual))}`;
    return { text: message`${term(step.title)} (${term(time)})`, state: 'running', ...(output === undefined ? {} : { output }) };
  };

  return {
    planned(all, times) {
      steps = all;
      expected = times;
      begun = clock();
    },
    started(step) {
      running = { step, since: clock() };
      output = undefined;
    },
    said(line) {
      output = line;
    },
    ended({ id, title }, how, ms) {
      running = undefined;
      // What is left will not be done any more.
      back ||= how === 'failed' || how === 'undone';
      if (how === 'undone') return { text: message`${term(title)} (taken back)`, state: how };
      over.add(id);
      if (how === 'already') return undefined;
      return { text: ms === undefined || ms < notable ? title : message`${term(title)} (${term(duration(ms))})`, state: how };
    },
    now() {
      if (back) return [];
      const next = left().filter(({ id }) => id !== running?.step.id);
      const waiting = next.map(({ title }): Line => ({ text: title, state: 'waiting' }));
      return [...(running === undefined ? [] : [runningLine(running.step)]), ...waiting].slice(0, linesShown);
    },
    summary() {
      const sofar = term(rough(clock() - begun));
      if (back) return message`Taking back what was done, ${sofar} so far`;
      const far = message`Step ${Math.min(over.size + 1, steps.length)} of ${steps.length}, ${sofar} so far`;
      const ids = left().map(({ id }) => id);
      const rest = remaining(ids, expected, elapsed());
      if (rest === undefined) return far;
      return rest.complete ? message`${far}, about ${term(rough(rest.ms))} left` : message`${far}, at least ${term(rough(rest.ms))} left`;
    },
  };
}
