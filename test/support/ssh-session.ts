import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './trial.ts';

/** A session of ssh with a terminal, and somebody who types there. */
export interface SshSession {
  types(text: string): void;
  /** Waits until the terminal shows something that was not there when this was last waited for. */
  shows(text: string): Promise<void>;
  /** Waits for its end. Gives the exit code of ssh, and all that was shown. */
  ended(): Promise<{ readonly code: number | null; readonly shown: string }>;
}

/** Starts ssh with a terminal on the other side. `inside` are words that start a program where the client is. */
export function openSsh(inside: readonly string[], words: readonly string[]): SshSession {
  const program = spawn('env', [...inside, 'ssh', '-tt', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [shown, seen] = ['', 0];
  for (const stream of [program.stdout, program.stderr]) stream.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  // Who types when the other side is gone is told so by its end.
  program.stdin.on('error', () => undefined);
  const end = once(program, 'close') as Promise<[number | null]>;
  return {
    types: (text) => void program.stdin.write(text),
    async shows(text) {
      await eventually(`ssh shows ${JSON.stringify(text)}`, async () => shown.indexOf(text, seen) !== -1).catch((error: unknown) => {
        throw new Error(`${String(error)}:\n${shown}`);
      });
      seen = shown.indexOf(text, seen) + text.length;
    },
    async ended() {
      const [code] = await end;
      return { code, shown };
    },
  };
}
