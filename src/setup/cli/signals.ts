import type { ExitCode } from './exit-codes.ts';

/** How signals reach a run: the first one asks it to stop, the second one stops it. */
export interface Signals {
  readonly signal: AbortSignal;
  /** From here on a lost terminal does not stop the run, and a run that is stopped leaves work behind. */
  commit(): void;
  /** What the second signal still does before the end: the last words, with the exit code. */
  beforeEnd(farewell: (code: ExitCode) => void): void;
}

/**
 * Listens to SIGINT, SIGTERM and SIGHUP.
 * @param endNow called for the second signal with the exit code: the journal stays as it is, and the next run takes it up
 */
export function listenToSignals(endNow: (code: ExitCode) => void): Signals {
  const abort = new AbortController();
  let committed = false;
  let farewell: (code: ExitCode) => void = () => undefined;
  const end = (): void => {
    const code = committed ? 3 : 5;
    try {
      farewell(code);
    } finally {
      endNow(code);
    }
  };
  const stop = (): void => {
    if (abort.signal.aborted) end();
    else abort.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', () => {
    if (!committed) abort.abort();
  });
  return { signal: abort.signal, commit: () => void (committed = true), beforeEnd: (last) => void (farewell = last) };
}
