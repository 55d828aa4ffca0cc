import { pathToFileURL } from 'node:url';
import { SetupError, message } from '#kit';

/** How long a file may take until it is loaded: what it waits for may never come. */
const limitSeconds = 10;

/**
 * Loads a file, and returns what it exports by default.
 * @throws SetupError `refused` when that takes too long, and whatever the file itself throws
 */
export async function defaultOf(path: string): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  // As long as it runs, the program does not end for want of anything to do.
  const tooLate = new Promise<never>((_, reject) => {
    const give = (): void =>
      reject(new SetupError('refused', message`it was not loaded within ${limitSeconds} seconds: what does it wait for?`));
    timer = setTimeout(give, limitSeconds * 1000);
  });
  try {
    return ((await Promise.race([import(pathToFileURL(path).href), tooLate])) as { default?: unknown }).default;
  } finally {
    clearTimeout(timer);
  }
}
