import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { listen as listenAt } from '../../frame/listen.ts';
import { makeRoom } from '../../frame/make-room.ts';
import { tlsProfile } from '../../frame/tls-profile.ts';
import type { ListenSettings } from '../settings.ts';
import type { Handler } from './exchange.ts';

const mostConnections = 512;
const limits = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };

/** A listener with TLS. */
export interface Listener {
  close(): Promise<void>;
  /** Cuts what is still open. */
  force(): void;
}

/**
 * Listens; throws when certificate, key or port cannot be used.
 * @param silenceMs after so long without a byte a connection is cut, also one that is being answered and does not read
 */
export async function listen(
  { address, certificate, key }: ListenSettings,
  port: number,
  silenceMs: number,
  handler: Handler,
): Promise<Listener> {
  const [cert, secret] = await Promise.all([readFile(certificate), readFile(key)]);
  const server = createServer({ ...limits, ...tlsProfile, keepAliveTimeout: 15_000, cert, key: secret }, (request, response) => {
    void handler(request, response);
  });
  makeRoom(server, mostConnections);
  // Beyond that there is no room to be made: all of them are being answered.
  server.maxConnections = 2 * mostConnections;
  server.setTimeout(silenceMs);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  await listenAt(server, { port, ...(address === null ? {} : { host: address }) });
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await closed;
    },
    force: () => server.closeAllConnections(),
  };
}
