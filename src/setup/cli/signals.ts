/** How signals reach a run: the first one asks it to stop, the second one stops it. */
export interface Signals {
  readonly signal: AbortSignal;
  /** From here on a lost terminal does not stop the run. */
  commit(): void;
}

/**
 * Listens to SIGINT, SIGTERM and SIGHUP.
 * @param endNow called for the second signal: the journal stays as it is, and the next run takes it up
 */
export function listenToSignals(endNow: (committed: boolean) => void): Signals {
  const abort = new AbortController();
  let committed = false;
  const stop = (): void => {
    if (abort.signal.aborted) endNow(committed);
    else abort.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', () => {
    if (!committed) abort.abort();
  });
  return { signal: abort.signal, commit: () => void (committed = true) };
}
