/* How the image service's Node is run. It was measured, with an image of 20 GiB that goes through it. */

/** Bytes that have been sent are forgotten soon: they are all that this service makes. */
export const options: readonly string[] = ['--max-semi-space-size=1', '--expose-gc'];

export const environment: Readonly<Record<string, string>> = {
  // Threads would each keep free memory of their own, and the process what it had at its busiest.
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
};
