import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileFailure } from '../host/errno.ts';
import { isLocked, kernelLock } from '../host/kernel-lock.ts';
import { type ProcessId, identify, isAlive } from '../host/process-table.ts';
import { makeDirectories } from '../host/put.ts';
import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';

/** The lock of an installation, below its root. */
export const lockPath = (root: string): string => join(root, 'run/engine-setup.lock');

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Who wrote its name into the file, if it still lives: whoever has just taken the lock may not have written yet. */
function holderOf(path: string): Pick<ProcessId, 'pid'> | undefined {
  try {
    const holder = JSON.parse(textOf(path) ?? 'null') as ProcessId | null;
    return holder !== null && isAlive(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

const busy = (holder: Pick<ProcessId, 'pid'> | undefined): SetupError =>
  new SetupError(
    'busy',
    holder === undefined
      ? 'Another run of engine-setup is active here'
      : message`Another run of engine-setup is active here (process ${holder.pid})`,
    { remedy: 'Wait for it to end.' },
  );

async function lockOf(path: string): ReturnType<typeof kernelLock> {
  try {
    await makeDirectories(dirname(path));
    return await kernelLock(dirname(path), 'run');
  } catch (error) {
    throw fileFailure('lock', dirname(path), error);
  }
}

/**
 * Takes the lock of an installation. Returns what gives it back, and whether a dead holder's lock was taken over.
 * Throws SetupError `busy` while another run lives. The kernel decides who holds it; the file only says who that is.
 */
export async function takeLock(path: string): Promise<{ readonly takenOver: boolean; release(): void }> {
  const lock = await lockOf(path);
  if (lock === undefined) throw busy(holderOf(path));
  // Whoever gives the lock back removes the file.
  const takenOver = textOf(path) !== undefined;
  const mine = JSON.stringify(identify(process.pid));
  const change = (work: () => void): void => {
    try {
      work();
    } catch {
      // A full disk, say: then the others hear that there is a run, but not which one.
    }
  };
  change(() => {
    // Not into what lies there, which may be a link.
    rmSync(path, { force: true });
    writeFileSync(path, mine, { mode: 0o600, flag: 'wx' });
  });
  return {
    takenOver,
    release() {
      // Not the file of somebody else: whoever removed the whole installation has removed ours with it.
      if (textOf(path) === mine) change(() => rmSync(path, { force: true }));
      lock.release();
    },
  };
}

/** Who holds the lock of an installation, as far as it has said so. */
export interface Holder {
  readonly pid?: number;
  readonly since?: Date;
}

/** Looks whether a run is active, and which one, without being in its way; undefined: none is. */
export async function lockHolder(path: string): Promise<Holder | undefined> {
  if (!(await isLocked(dirname(path), 'run'))) return undefined;
  const holder = holderOf(path);
  const since = statSync(path, { throwIfNoEntry: false })?.mtime;
  return holder === undefined ? {} : { pid: holder.pid, ...(since === undefined ? {} : { since }) };
}
