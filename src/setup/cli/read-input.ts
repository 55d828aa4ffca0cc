import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { SetupError } from '#kit';
import { Unreadable, tooLarge, unreadable } from './unreadable.ts';

/** What was read from a file or a pipe that somebody named. */
export interface Read {
  readonly text: string;
  /** Permissions of a file; a pipe has none that matter. */
  readonly mode?: number;
}

/** How much is read at most, and when to stop before that. */
export interface Bounds {
  readonly bytes: number;
  /** Only the first line is wanted: a pipe need not end. */
  readonly line?: true;
  readonly signal: AbortSignal;
}

/** A file is read as far as it goes: what its length says may be wrong, in /proc for instance. */
function readWhole(fd: number, { bytes }: Bounds): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const length = readSync(fd, chunk);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, length));
    size += length;
    if (size > bytes) throw tooLarge(bytes);
  }
}

/** A pipe may keep us waiting, so a signal must get through. The descriptor is closed in the end. */
async function drain(fd: number, { bytes, line, signal }: Bounds): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const socket = new Socket({ fd, readable: true, writable: false, signal });
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > bytes) throw tooLarge(bytes);
    if (line === true && chunk.includes(0x0a)) break;
  }
  return Buffer.concat(chunks);
}

/** How a descriptor of this process was opened: 0 for reading, 1 for writing, 2 for both. */
export function accessOf(fd: number | string): number {
  // The last octal digit holds it.
  const flags = /^flags:\s*\d*(\d)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return Number(flags) & 3;
}

/** Whether we can write to the pipe ourselves: then it is one of the runtime's own, and to read from it would take its signals away. */
function isOurs(fd: number): boolean {
  const directory = '/proc/self/fd';
  const pipe = readlinkSync(`${directory}/${fd}`);
  return readdirSync(directory).some((each) => {
    try {
      return readlinkSync(`${directory}/${each}`) === pipe && accessOf(each) !== 0;
    } catch {
      // The one that this very list was read through.
      return false;
    }
  });
}

async function readDescriptor(fd: number, bounds: Bounds): Promise<Read> {
  const stat = fstatSync(fd);
  if (stat.isFIFO()) return { text: (await drain(fd, bounds)).toString('utf8') };
  if (stat.isDirectory()) throw new Unreadable('it is a directory');
  if (!stat.isFile()) throw new Unreadable('it is neither a file nor a pipe');
  if (stat.size > bounds.bytes) throw tooLarge(bounds.bytes);
  return { text: readWhole(fd, bounds).toString('utf8'), mode: stat.mode & 0o7777 };
}

async function attempt(work: () => Promise<Read>, signal: AbortSignal): Promise<Read> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw new SetupError('cancelled', 'Stopped by a signal');
    throw unreadable(error);
  }
}

/**
 * Reads a file, or a pipe up to its end: also one that the shell makes of `<(COMMAND)`.
 * Throws Unreadable, or SetupError `cancelled` when a signal comes.
 */
export const readNamed = (path: string, bounds: Bounds): Promise<Read> =>
  attempt(async () => {
    const stat = statSync(path);
    // Opening a device may do something, and a socket cannot be opened.
    if (stat.isDirectory()) throw new Unreadable('it is a directory');
    if (!stat.isFile() && !stat.isFIFO()) throw new Unreadable('it is neither a file nor a pipe');
    // Not to wait: to open a pipe that nobody writes to would stop the whole program, signals included.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      return await readDescriptor(fd, bounds);
    } finally {
      // A pipe has been closed with its stream.
      if (!stat.isFIFO()) closeSync(fd);
    }
  }, bounds.signal);

/** Whether a descriptor was opened for nothing but writing. */
const isWriteOnly = (fd: number): boolean => accessOf(fd) === 1;

/** The same for a descriptor that whoever started us has opened. */
export const readOpened = (fd: number, bounds: Bounds): Promise<Read> =>
  attempt(async () => {
    const stat = fstatSync(fd);
    if (isWriteOnly(fd)) throw new Unreadable('it is open for writing only', 'Open it for reading: 3<FILE, say.');
    if (stat.isFIFO() && isOurs(fd)) throw unreadable({ code: 'EBADF' });
    return readDescriptor(fd, bounds);
  }, bounds.signal);
