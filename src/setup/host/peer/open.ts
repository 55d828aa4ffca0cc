import { type ChildProcess, type Serializable, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { cleanEnvironment } from '../environment.ts';

/** What the door answers: no code means that it has done it. */
interface Answer {
  readonly code?: string;
}

const broken = (code: string): Error => Object.assign(new Error(`the socket cannot be opened: ${code}`), { code });

/** One door for each account, which lasts as long as this process. */
const doors = new Map<string, Promise<ChildProcess>>();

/** The next answer of a door, with the socket that comes with it. */
const next = (door: ChildProcess): Promise<{ readonly answer: Answer; readonly socket: Socket | undefined }> =>
  new Promise((resolve, reject) => {
    const lost = (): void => reject(broken('EPIPE'));
    door.once('exit', lost);
    door.once('message', (answer: Serializable, socket) => {
      door.off('exit', lost);
      resolve({ answer: answer as Answer, socket: socket as Socket | undefined });
    });
  });

async function open(account: string): Promise<ChildProcess> {
  const door = spawn(process.execPath, [join(import.meta.dirname, 'door.ts'), account], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: cleanEnvironment(),
    cwd: '/',
    detached: true,
  });
  door.on('error', () => undefined);
  door.on('exit', () => doors.delete(account));
  await next(door);
  // It keeps nobody from ending.
  door.unref();
  door.channel?.unref();
  return door;
}

/** Callers of a door come one after the other: its answers carry no names. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * Opens a unix socket as another account, which takes root.
 * @returns the open socket, paused
 * @throws Error with the errno of the attempt in `code`
 */
export function openAs(account: string, path: string): Promise<Socket> {
  const attempt = queue.then(async () => {
    const door = doors.get(account) ?? open(account);
    doors.set(account, door);
    const one = await door.catch((error: unknown) => {
      doors.delete(account);
      throw error;
    });
    one.channel?.ref();
    try {
      const coming = next(one);
      one.send(path);
      const { answer, socket } = await coming;
      if (socket === undefined) throw broken(answer.code ?? 'EIO');
      return socket;
    } finally {
      one.channel?.unref();
    }
  });
  queue = attempt.catch(() => undefined);
  return attempt;
}
