import type { execFile as ExecFile } from 'node:child_process';

/** Runs a program with arguments, never a shell, and returns what it printed. Throws with what it said. */
export type Run = (program: string, args: readonly string[]) => Promise<string>;

/** What a program may print. */
const mostBytes = 16 * 1024 * 1024;

/** Runs programs as the helper does: with nothing of its own environment. */
export const runWith =
  (execFile: typeof ExecFile): Run =>
  (program, args) =>
    new Promise((resolve, reject) => {
      const env = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
      execFile(program, args, { env, maxBuffer: mostBytes }, (error, printed, said) => {
        if (error === null) resolve(printed);
        else reject(new Error(said.trim() || error.message));
      });
    });
