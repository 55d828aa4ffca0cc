import type { ExitCode } from './exit-codes.ts';
import { outliveReader } from './output.ts';

/** Waits until everything that was written is with its reader, or cannot be. */
const drained = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.writable) stream.write('', () => setImmediate(resolve));
    else resolve();
  });

/** Does the work of a program, says why it fails, and ends the process. */
export async function workAndEnd(work: () => Promise<ExitCode>, { json }: { readonly json: boolean }): Promise<never> {
  outliveReader();
  let code: ExitCode;
  try {
    code = await work();
  } catch (error) {
    const { complain } = await import('./complain.ts');
    code = complain(error, json);
  }
  process.exitCode ||= code;
  await drained(process.stdout);
  await drained(process.stderr);
  // Not left to itself: what a plugin has left open, a timer say, would keep the program.
  process.exit();
}
