/* How the engine's Node is run. All of it was measured: memory at rest, and how long slow answers take. */

/** A small young generation keeps the engine small at rest; a smaller one costs slow answers their pauses. */
export const options: readonly string[] = ['--max-semi-space-size=8'];

export const environment: Readonly<Record<string, string>> = {
  // Four password checks at once may not occupy all threads that files and names are read with.
  UV_THREADPOOL_SIZE: '8',
  // Each thread would keep free memory of its own.
  MALLOC_ARENA_MAX: '2',
};
