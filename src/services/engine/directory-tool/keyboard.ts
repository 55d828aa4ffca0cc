import { createInterface } from 'node:readline';
import type { ReadStream } from 'node:tty';
import { Problem } from '../tool.ts';

/** Reads a line without showing it. From a pipe, its first line. */
export function createAsk(input: ReadStream, write: (text: string) => void): (prompt: string) => Promise<string> {
  return async (prompt) => {
    if (!input.isTTY) return readLine(input);
    // Before the prompt: nothing is shown of what somebody types as soon as they see it.
    const hidden = readHidden(input);
    write(prompt);
    try {
      return await hidden;
    } finally {
      write('\n');
    }
  };
}

async function readLine(input: ReadStream): Promise<string> {
  for await (const line of createInterface({ input })) return line;
  throw new Problem('The input has ended before the password.');
}

function readHidden(input: ReadStream): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let typed = '';
  const onData = (chunk: string): void => {
    for (const key of chunk) {
      if (key === '\r' || key === '\n') return resolve(typed);
      if (key === '\u0003' || key === '\u0004') return reject(new Problem('Cancelled.'));
      if (key === '\u007f' || key === '\b') typed = [...typed].slice(0, -1).join('');
      else if (key >= ' ') typed += key;
    }
  };
  input.setRawMode(true).setEncoding('utf8').on('data', onData).resume();
  return promise.finally(() => {
    input.off('data', onData).setRawMode(false).pause();
  });
}
