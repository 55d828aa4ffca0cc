import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isUuid } from '../frame/uuid.ts';
import { Refusal } from './refusal.ts';

/** A virtual machine, as libvirt has named its log. */
export interface EndedMachine {
  readonly id: string;
  readonly name: string;
}

/** What is read of a log: its end, which has more than what is said of an end. */
const mostBytes = 64 * 1024;
const longestName = 250;

/** Reads of which machine the agent asks how it has ended: `{"id": "...", "name": "web"}`. Throws Refusal. */
export function readEndedMachine(body: unknown): EndedMachine {
  const { id, name } = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || !isUuid(id)) throw new Refusal(400, 'id must be a UUID');
  if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > longestName || /[/\p{Cc}]/u.test(name))
    throw new Refusal(400, 'name must be the name of a virtual machine');
  return { id: id.toLowerCase(), name };
}

/**
 * How a machine has ended, in libvirt's word: `shutdown`, `destroyed`, `crashed`, `failed`... Nothing where it has not, or where that is not known.
 * libvirt writes it into the log of the machine, which only root may read.
 */
export async function howEnded({ id, name }: EndedMachine, folder: string): Promise<string> {
  const text = await endOf(join(folder, `${name}.log`));
  const lines = [
    ...text.matchAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: (?:(starting up) |shutting down, reason=([a-z][a-z -]{0,31})$)/gm),
  ];
  const start = lines.findLast(([, begun]) => begun !== undefined);
  // Another one had the name last.
  if (start !== undefined && !text.slice(start.index).includes(id)) return '';
  return lines.at(-1)?.[2] ?? '';
}

/** The end of a regular file; nothing where there is none. */
async function endOf(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return '';
  try {
    const found = await file.stat();
    if (!found.isFile()) return '';
    const bytes = Buffer.alloc(Math.min(mostBytes, found.size));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, found.size - bytes.length);
    return bytes.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
}
