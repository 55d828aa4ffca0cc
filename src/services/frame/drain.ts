import { errorFields, type Log } from './log.ts';

export interface DrainStep {
  readonly name: string;
  /** Ends one part of the service. */
  readonly end: () => Promise<void>;
  /** Called when `end` takes longer than the step may. */
  readonly force?: () => void;
}

/**
 * Makes the function that ends a service: the steps one after the other, each bounded in time, none skipped because an
 * earlier one failed. Later calls return the promise of the first.
 */
export function createDrain(steps: readonly DrainStep[], limitMs: number, log: Log): (reason: string) => Promise<void> {
  let running: Promise<void> | null = null;
  const drain = async (reason: string): Promise<void> => {
    log.info('stopping', { reason });
    for (const step of steps) {
      try {
        await endWithin(step, limitMs, log);
      } catch (error) {
        log.error(`could not end ${step.name}`, errorFields(error));
      }
    }
    log.info('stopped');
  };
  return (reason) => (running ??= drain(reason));
}

async function endWithin(step: DrainStep, limitMs: number, log: Log): Promise<void> {
  const limit = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => {
    log.warning(`${step.name} did not end in time`);
    step.force?.();
    limit.resolve(undefined);
  }, limitMs);
  try {
    await Promise.race([step.end(), limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
