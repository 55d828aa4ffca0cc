import type { ChildProcess } from 'node:child_process';
import { type Attempt, type EngineDoor, EngineSilence } from '../engine-door.ts';

export interface SessionParts {
  readonly engine: EngineDoor;
  /** Who is connected to what. */
  readonly attempt: Omit<Attempt, 'occasion'>;
  /** How often the engine is asked whether the user may stay, and for how long nobody is cut off when it is silent. */
  readonly checkMs: number;
  readonly graceMs: number;
  readonly now: () => number;
  /** Starts the program that is connected with the terminal. */
  readonly start: () => ChildProcess;
  /** Aborted when the terminal is gone, or the service ends. */
  readonly gone: AbortSignal;
  /** Tells the user something. */
  readonly say: (line: string) => void;
}

/**
 * Keeps somebody connected until the program ends, the terminal goes away, or the engine says that the user may not stay: since the key, the
 * permission or the account was taken away, or the virtual machine does not run any more. Returns the exit code of the program, or 1.
 */
export async function keepConnected({ engine, attempt, checkMs, graceMs, now, start, gone, say }: SessionParts): Promise<number> {
  const program = start();
  const cut: string[] = [];
  let lastYes = now();
  const end = (why: string): void => {
    cut.push(why);
    program.kill('SIGTERM');
  };
  const check = async (): Promise<void> => {
    try {
      if (await engine.access({ ...attempt, occasion: 'stay' })) lastYes = now();
      else end('You may not use this console any more.');
    } catch (error) {
      if (!(error instanceof EngineSilence)) throw error;
      // An engine that is upgraded is away for minutes, and that is when consoles are needed.
      if (now() - lastYes > graceMs) end('The engine does not answer, so it cannot be told whether you may stay.');
    }
  };
  let isChecking = false;
  const timer = setInterval(() => {
    // An engine may be silent for longer than that: one question at a time.
    if (isChecking) return;
    isChecking = true;
    void check()
      .catch(() => end('The console had to be closed.'))
      .finally(() => (isChecking = false));
  }, checkMs);
  if (gone.aborted) program.kill('SIGTERM');
  gone.addEventListener('abort', () => program.kill('SIGTERM'), { once: true });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      program.once('error', reject);
      program.once('exit', (status) => resolve(status ?? 1));
    });
    const [why] = cut;
    if (why === undefined) return code;
    say(why);
    return 1;
  } finally {
    clearInterval(timer);
    await engine.access({ ...attempt, occasion: 'leave' }).catch(() => undefined);
  }
}
