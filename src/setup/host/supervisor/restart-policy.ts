import type { Unit } from '../unit-file.ts';
import type { Exit } from './records.ts';

/** A process that lives shorter than this has failed quickly. */
const quickMs = 10_000;
const giveUpAfter = 10;
const longestDelayMs = 5_000;
/** Ended on request, as systemd sees it. */
const cleanSignals = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'];

export type Verdict =
  { readonly then: 'stopped' | 'failed' } | { readonly then: 'restart'; readonly afterMs: number; readonly quickFailures: number };

/** What becomes of a unit whose process ended by itself. `quickFailures`: in a row, before this one. */
export function afterExit(unit: Unit, exit: Exit, livedMs: number, quickFailures: number): Verdict {
  const clean = exit.code === 0 || (exit.signal !== null && cleanSignals.includes(exit.signal));
  if (unit.restart === 'no' || (unit.restart === 'on-failure' && clean)) return { then: clean ? 'stopped' : 'failed' };
  const quick = livedMs < quickMs ? quickFailures + 1 : 0;
  if (quick >= giveUpAfter) return { then: 'failed' };
  const doubled = unit.restartMs * 2 ** Math.max(0, quick - 1);
  return { then: 'restart', afterMs: Math.min(doubled, Math.max(unit.restartMs, longestDelayMs)), quickFailures: quick };
}
