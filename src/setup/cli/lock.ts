import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from '../kit/errors.ts';

/** Who holds the lock. The start time tells a living holder from another process that got the same number later. */
interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly started: string;
}

function startOf(pid: number): string | undefined {
  try {
    // The program's name stands in parentheses and may contain anything: fields are counted after the last one.
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined;
  }
}

function holderOf(path: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

const isAlive = (holder: Holder | undefined): holder is Holder => holder !== undefined && startOf(holder.pid) === holder.started;

const busy = (holder: Holder | undefined): SetupError =>
  new SetupError('busy', `Another run of engine-setup is active here${holder === undefined ? '' : ` (process ${holder.pid})`}`, {
    remedy: 'Wait for it to end.',
  });

/**
 * Takes the lock of an installation. Returns what gives it back, and whether a dead holder's lock was taken over.
 * Throws SetupError `busy` while another run lives.
 */
export async function takeLock(path: string): Promise<{ readonly takenOver: boolean; release(): void }> {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies { pid: number; started: string | undefined });
  const release = (): void => {
    // Whoever removed the whole installation has removed the lock with it.
    if (existsSync(path) && readFileSync(path, 'utf8') === mine) rmSync(path, { force: true });
  };
  mkdirSync(dirname(path), { recursive: true });
  try {
    const fd = openSync(path, 'wx', 0o600);
    writeSync(fd, mine);
    closeSync(fd);
    return { takenOver: false, release };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // Whoever has just created the file has not written its name yet: look again before calling it dead.
  if (!isAlive(holderOf(path))) await sleep(50);
  const holder = holderOf(path);
  if (isAlive(holder)) throw busy(holder);
  // Two may find the dead holder at once: both put their name there, and after a moment the one whose name stayed has the lock.
  writeFileSync(`${path}.${process.pid}`, mine, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
  await sleep(100);
  if (readFileSync(path, 'utf8') !== mine) throw busy(holderOf(path));
  return { takenOver: true, release };
}
