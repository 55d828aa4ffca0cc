import type { Readable, Writable } from 'node:stream';

/** Bytes that travel together: small enough to be many times in memory, large enough to cost few turns. */
export const pieceBytes = 256 * 1024;

const reclaimEvery = 4 * 2 ** 20;
let received = 0;

/**
 * Lets the memory of what has been received and handed on be used again. Each piece comes in a buffer of its own, of which the collector sees
 * the small object and not the bytes: by itself it would come after tens of megabytes. Needs `--expose-gc`, and does nothing without.
 */
function reclaim(bytes: number): void {
  received += bytes;
  if (received < reclaimEvery) return;
  received = 0;
  globalThis.gc?.({ type: 'minor', execution: 'sync' });
}

/**
 * Hands on a stream in batches of about pieceBytes; the next batch is read while one is being taken, and no more. Throws what `take` throws,
 * what the signal was aborted with, and that the stream has ended before its end.
 */
export function inBatches(
  from: Readable,
  signal: AbortSignal,
  take: (pieces: readonly Buffer[], bytes: number) => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let held: Buffer[] = [];
    let bytes = 0;
    let taking = false;
    let ended = false;
    const settle = (error?: unknown): void => {
      from.off('data', onData).off('end', onEnd).off('error', settle).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      from.pause();
      if (error === undefined) resolve();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      else reject(error);
    };
    const goOn = (): void => {
      taking = false;
      if (bytes >= pieceBytes || (ended && bytes > 0)) pass();
      else if (ended) settle();
      from.resume();
    };
    const pass = (): void => {
      const [pieces, count] = [held, bytes];
      [held, bytes, taking] = [[], 0, true];
      take(pieces, count).then(goOn, settle);
    };
    const onData = (piece: Buffer): void => {
      reclaim(piece.length);
      held.push(piece);
      bytes += piece.length;
      if (bytes < pieceBytes) return;
      if (taking) from.pause();
      else pass();
    };
    const onEnd = (): void => {
      ended = true;
      if (taking) return;
      if (bytes > 0) pass();
      else settle();
    };
    const onClose = (): void => {
      if (!ended) settle(new Error('the connection was closed before all had come'));
    };
    const onAbort = (): void => settle(signal.reason);
    if (signal.aborted) return onAbort();
    if (from.destroyed) return onClose();
    from.on('data', onData).on('end', onEnd).on('error', settle).on('close', onClose);
    signal.addEventListener('abort', onAbort);
  });
}

/** Writes buffers together, and waits until they may be changed again. Throws where the stream is gone. */
export function writeAll(to: Writable, pieces: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const written = (error?: Error | null): void => {
      to.off('close', onClose);
      if (error === undefined || error === null) resolve();
      else reject(error);
    };
    const onClose = (): void => reject(new Error('the connection was closed before all was sent'));
    to.once('close', onClose);
    to.cork();
    for (const [index, piece] of pieces.entries()) to.write(piece, index === pieces.length - 1 ? written : undefined);
    to.uncork();
  });
}
