import { once } from 'node:events';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { listen } from './listen.ts';

export interface Health {
  readonly service: string;
  readonly version: string;
  readonly state: 'ready' | 'degraded';
  readonly checks: Readonly<Record<string, 'up' | 'down'>>;
}

export interface HealthEndpoint {
  close(): Promise<void>;
}

/**
 * Answers `GET /healthz` as JSON on a unix socket that only its owner may open. Makes its folder where nobody has, replaces the socket a
 * killed process left behind; throws when somebody answers there, or when something else is in its place.
 */
export async function serveHealth(socket: string, report: () => Promise<Health>): Promise<HealthEndpoint> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  // A socket's address is limited to 108 bytes. The folder, opened, is reached by a short name whatever its path.
  const folder = await open(dirname(socket), constants.O_RDONLY | constants.O_DIRECTORY);
  const address = `/proc/self/fd/${folder.fd}/${basename(socket)}`;
  try {
    await removeStale(address, socket);
    const server = createHealthServer(report);
    await listen(server, { path: address });
    await chmod(address, 0o600);
    return {
      async close() {
        server.closeAllConnections();
        // The server removes its socket by the short name, so the folder must stay open until it is done.
        await new Promise((resolve) => server.close(resolve));
        await folder.close();
      },
    };
  } catch (error) {
    await folder.close();
    throw error;
  }
}

function createHealthServer(report: () => Promise<Health>): Server {
  return createServer({ requestTimeout: 5_000, maxHeaderSize: 8_192 }, (request, response) => {
    if (request.url !== '/healthz' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404).end();
      return;
    }
    report().then(
      (health) => response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(health)}\n`),
      () => response.writeHead(500).end(),
    );
  });
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
