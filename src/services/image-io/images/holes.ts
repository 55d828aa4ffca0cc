import { spawn } from 'node:child_process';
import { type FileHandle, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NbdClient, connectNbd } from '../nbd/client.ts';

/*
 * Holes of a file: where they are, and making them. The runtime has no functions for that, so QEMU's NBD server does it, which is asked over
 * a socket of its own, by the client that images of other formats are reached with.
 */

const readyWithinMs = 10_000;
const lastWords = 500;

/** Where the server finds the file that it inherits, whatever lies at its path by now. */
const inherited = 3;

/**
 * Starts a server for one open file and connects to it; it ends when the connection does. Throws what it has to say where it does not start.
 * @param qemuNbd path of the program
 */
export async function startHoles(qemuNbd: string, file: FileHandle, isWritable: boolean): Promise<NbdClient> {
  const folder = await mkdtemp(join(tmpdir(), 'image-io-'));
  const socket = join(folder, 'nbd');
  const how = isWritable ? ['--discard=unmap', '--detect-zeroes=off'] : ['--read-only'];
  const child = spawn(qemuNbd, [`--socket=${socket}`, '--format=raw', '--cache=writeback', ...how, '--', `/proc/self/fd/${inherited}`], {
    stdio: ['ignore', 'ignore', 'pipe', file.fd],
    env: { LC_ALL: 'C' },
  });
  let said = '';
  let over: string | null = null;
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-lastWords)));
  child.on('error', (error) => (over ??= error.message));
  child.on('close', () => (over ??= said.trim() || `it ended with code ${child.exitCode}`));
  const gone = Promise.withResolvers<undefined>();
  child.on('close', () => gone.resolve(undefined));
  child.on('error', () => gone.resolve(undefined));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const client = await connectWhenReady(socket, () => over);
    return {
      ...client,
      async close() {
        await client.close();
        child.kill();
        await gone.promise;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    // It is connected to; nobody else shall be.
    await remove();
  }
}

async function connectWhenReady(socket: string, over: () => string | null): Promise<NbdClient> {
  const deadline = performance.now() + readyWithinMs;
  for (;;) {
    const ended = over();
    if (ended !== null) throw new Error(`qemu-nbd does not serve the file: ${ended}`);
    try {
      return await connectNbd(socket, '');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ECONNREFUSED') || performance.now() > deadline) throw error;
    }
    await sleep(5);
  }
}
