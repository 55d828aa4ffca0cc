import { once } from 'node:events';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, unlink } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { listen } from './listen.ts';

export interface LocalSocket {
  /** Cuts connections, and removes the socket. */
  close(): Promise<void>;
}

/**
 * Has a server listen at a unix socket. Makes its folder where nobody has, replaces the socket that a killed process left behind; throws when
 * somebody answers there, or when something else is in its place.
 * @param mode who may connect, as bits of a file's mode
 */
export async function listenLocally(server: HttpServer, socket: string, mode: number): Promise<LocalSocket> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  // A socket's address is limited to 108 bytes. The folder, opened, is reached by a short name whatever its path.
  const folder = await open(dirname(socket), constants.O_RDONLY | constants.O_DIRECTORY);
  const address = `/proc/self/fd/${folder.fd}/${basename(socket)}`;
  try {
    await removeStale(address, socket);
    await listen(server, { path: address });
    await chmod(address, mode);
  } catch (error) {
    await folder.close();
    throw error;
  }
  return {
    async close() {
      server.closeAllConnections();
      // The server removes its socket by the short name, so the folder must stay open until it is done.
      await new Promise((resolve) => server.close(resolve));
      await folder.close();
    },
  };
}

async function removeStale(address: string, name: string): Promise<void> {
  const found = await lstat(address).catch(() => null);
  if (found === null) return;
  if (!found.isSocket()) throw new Error(`${name} is in the way: it is not a socket`);
  if (await isServed(address)) throw new Error(`${name} is in use: the service is running already`);
  await unlink(address);
}

/** Whether a process listens at a socket: a killed one leaves its socket behind, which refuses every connection. */
async function isServed(path: string): Promise<boolean> {
  const connection = connect({ path });
  try {
    await once(connection, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    connection.destroy();
  }
}
