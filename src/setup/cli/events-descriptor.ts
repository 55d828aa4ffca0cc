import { type Stats, fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { SetupError, type Text, message, term } from '#kit';
import { accessOf } from './read-input.ts';

/** Whether this process holds the reading end as well: then it is one of the runtime's own pipes, and nobody has opened it for us. */
function isOwnPipe(fd: number): boolean {
  const directory = '/proc/self/fd';
  const pipe = readlinkSync(`${directory}/${fd}`);
  if (!pipe.startsWith('pipe:')) return false;
  return readdirSync(directory).some((each) => {
    try {
      return readlinkSync(`${directory}/${each}`) === pipe && accessOf(each) !== 1;
    } catch {
      // The one that this very list was read through.
      return false;
    }
  });
}

/** Why nothing can be written to a descriptor; undefined if it can. */
function flawOf(fd: number): Text | undefined {
  let stat: Stats;
  try {
    stat = fstatSync(fd);
  } catch {
    return 'it is not open';
  }
  // What the runtime holds itself was not opened for us. Most of it is of no kind that has a name.
  const foreign = stat.isFile() || stat.isFIFO() || stat.isSocket() || stat.isCharacterDevice();
  if (!foreign || (stat.isFIFO() && isOwnPipe(fd))) return 'it is not open';
  return accessOf(fd) === 0 ? 'it is open for reading only' : undefined;
}

/** Refuses a descriptor that events cannot be written to. Throws SetupError `usage`. */
export function checkEventsDescriptor(fd: number): void {
  const flaw = flawOf(fd);
  if (flaw === undefined) return;
  throw new SetupError('usage', message`--events-fd=${fd} cannot be written to: ${term(flaw)}`, {
    remedy: message`Open it for writing: ${`${fd}>FILE`}, say.`,
  });
}
