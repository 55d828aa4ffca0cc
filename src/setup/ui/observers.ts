import type { Observer } from '../core/execute.ts';

/** One observer out of several; each is told everything, in their order. */
export const allObservers = (...observers: readonly Observer[]): Observer => ({
  stage: (...told) => observers.forEach((each) => each.stage(...told)),
  planned: (...told) => observers.forEach((each) => each.planned(...told)),
  started: (...told) => observers.forEach((each) => each.started(...told)),
  said: (...told) => observers.forEach((each) => each.said(...told)),
  ended: (...told) => observers.forEach((each) => each.ended(...told)),
  finished: () => observers.forEach((each) => each.finished()),
});
