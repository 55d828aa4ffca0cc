import { type Log, createLog, errorFields } from './log.ts';
import { type Mask, createMask } from './mask.ts';
import { notifyReady } from './sd-notify.ts';
import { standardLog } from './standard-log.ts';

/** A service that has begun to work. */
export interface Begun {
  /** Until it can be used. If that fails, so does the program; where there is nothing to wait for, it is left out. */
  readonly ready?: Promise<unknown>;
  /** Until it ends by itself: since it was asked to, or, with an error, since it cannot go on. */
  readonly ended?: Promise<unknown>;
  /** Ends it in order. */
  readonly stop: (reason: string) => Promise<unknown>;
}

/**
 * Runs a service as the program of a process: with its log, ready for systemd, ended in order by SIGTERM and SIGINT. The exit code
 * is 0 then, and 1 when it cannot start or go on.
 */
export async function runService(
  program: NodeJS.Process,
  start: (part: { readonly log: Log; readonly mask: Mask }) => Promise<Begun>,
): Promise<void> {
  const mask = createMask();
  const log = createLog({ write: standardLog(program), now: () => new Date(), mask });
  // Whoever reads the log may go away; that is no reason to stop working.
  program.stdout.on('error', () => undefined);
  program.on('uncaughtException', (error) => {
    log.error('unexpected error, ending', errorFields(error));
    program.exit(1);
  });
  const failed = (what: string, error: unknown): void => log.error(what, { error: errorFields(error).error });

  let begun: Begun;
  try {
    begun = await start({ log, mask });
  } catch (error) {
    failed('cannot start', error);
    return program.exit(1);
  }
  const { ready, ended, stop } = begun;
  let ending = false;
  /** Whatever comes first decides: a service that has failed also ends, and one that is stopped while it waits has not failed. */
  const end = async (reason: string, code: number): Promise<void> => {
    if (ending) return;
    ending = true;
    await stop(reason);
    program.exit(code);
  };
  const giveUp = async (what: string, error: unknown): Promise<void> => {
    if (ending) return;
    failed(what, error);
    await end(what, 1);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) program.on(signal, () => void end(signal, 0));
  void ended?.then(
    () => end('asked to end', 0),
    (error: unknown) => giveUp('cannot work', error),
  );
  try {
    await ready;
  } catch (error) {
    return giveUp('cannot start', error);
  }
  await notifyReady(program, log);
}
