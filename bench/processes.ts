import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Process {
  readonly pid: number;
  /** The command line, its words separated by spaces. */
  readonly command: string;
}

/** Processes that have to do with a directory: it stands in their command line, or they work in it. */
export async function processesOf(directory: string): Promise<readonly Process[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const all = await Promise.all(
    pids.map(async (pid) => {
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
      const works = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      return { pid, command, belongs: command.includes(directory) || works.startsWith(directory) };
    }),
  );
  return all.filter((one) => one.belongs).map(({ pid, command }) => ({ pid, command }));
}

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone between looking and sending, which is what we wanted.
  }
};

/** Ends what runs on a directory: politely first, by force after ten seconds. */
export async function endProcessesOf(directory: string): Promise<void> {
  for (const { pid } of await processesOf(directory)) send(pid, 'SIGTERM');
  const limit = Date.now() + 10_000;
  while ((await processesOf(directory)).length > 0) {
    if (Date.now() > limit) for (const { pid } of await processesOf(directory)) send(pid, 'SIGKILL');
    await sleep(50);
  }
}
