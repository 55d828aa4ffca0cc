import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A service of ours that runs as a process of its own, as its unit would start it. */
export interface ServiceProcess {
  readonly pid: number;
  /** Everything it wrote to its output so far. */
  log(): string;
  /** Waits until its output has this text, so many times. Throws when it ends before, or after half a minute. */
  sees(text: string, times?: number): Promise<void>;
  /** Sends a signal, or waits for it to end by itself; returns the exit code. */
  end(signal?: NodeJS.Signals | null): Promise<number | null>;
}

export interface ServiceStart {
  /** The folder of the service below `src/services`. */
  readonly name: string;
  /** Options of Node. */
  readonly options?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** How a log tells a message. */
export const logged = (message: string): string => `"message":"${message}"`;

/** Starts the real program, and does not wait for it. */
export function startService({ name, options = [], environment }: ServiceStart): ServiceProcess {
  const main = fileURLToPath(new URL(`../../src/services/${name}/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [...options, main], { env: { PATH: process.env['PATH'], ...environment }, stdio: 'pipe' });
  child.stdin.end();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return {
    pid: child.pid ?? 0,
    log: () => output,
    async sees(text, times = 1) {
      for (let tries = 0; output.split(text).length <= times; tries++) {
        if (child.exitCode !== null || tries === 600) throw new Error(`${name} never said ${text}:\n${output}`);
        await sleep(50);
      }
    },
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        if (signal !== null) child.kill(signal);
        await ended;
      }
      return child.exitCode;
    },
  };
}
