import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { limitPending } from '../frame/pending.ts';
import type { TlsListener } from '../frame/tls-listener.ts';
import { tlsProfile } from '../frame/tls-profile.ts';

/** A connection is a console or nothing: there is little to read before, and no second request. */
const limits = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 2_000 };
/** Connections that are not consoles yet. */
const mostPending = 256;

/**
 * Makes the server that ends TLS, not listening yet. Throws when certificate or key cannot be used.
 * @param handshakeTimeout milliseconds within which a connection must have come to TLS
 */
export async function createListener(
  settings: TlsListener,
  maxConsoles: number,
  handshakeTimeout: number = tlsProfile.handshakeTimeout,
): Promise<Server> {
  const { minVersion, ciphers } = settings;
  const [cert, key] = await Promise.all([readFile(settings.certificate), readFile(settings.key)]);
  const server = createServer({ ...limits, ...tlsProfile, handshakeTimeout, minVersion, ciphers, cert, key }, (_request, response) => {
    response.writeHead(426, { connection: 'close, upgrade', upgrade: 'websocket', 'content-length': 0 }).end();
  });
  server.maxConnections = maxConsoles + mostPending;
  const pending = limitPending(server);
  server.on('upgrade', ({ socket }) => pending.admit(socket));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  // Whoever never comes to the end of the handshake cannot be told anything, and must not keep a place.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}
