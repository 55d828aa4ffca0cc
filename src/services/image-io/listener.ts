import { readFile } from 'node:fs/promises';
import { type Server as HttpServer, createServer as createHttpServer } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Pending, limitPending } from '../frame/pending.ts';
import { tlsProfile } from '../frame/tls-profile.ts';
import type { Handler } from './api/exchange.ts';
import type { ListenSettings, Settings } from './settings.ts';

/** A body may take as long as its ticket lives; what comes before it may not. */
const limits = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 0,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 60_000,
};

/** Lets a server hand its requests on, and cut whoever is silent. */
export function serve<S extends HttpServer | Server>(server: S, handler: Handler, silenceMs: number): S {
  server.on('request', (request, response) => handler(request, response, false));
  server.on('checkContinue', (request, response) => handler(request, response, true));
  server.timeout = silenceMs;
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  return server;
}

/** A server with a way to say which of its connections have shown a ticket. */
export interface Listener {
  readonly server: Server;
  readonly admit: (socket: Socket) => void;
}

/** Makes the server that ends TLS, neither serving nor listening yet. Throws when certificates or keys cannot be used. */
export async function createListener(listen: ListenSettings, { maxConnections }: Pick<Settings, 'maxConnections'>): Promise<Listener> {
  const { minVersion, ciphers, clientCa, clientMustHaveOne } = listen;
  const [cert, key, ca] = await Promise.all([
    readFile(listen.certificate),
    readFile(listen.key),
    clientCa === null ? undefined : readFile(clientCa),
  ]);
  // Whoever shows a certificate shows a good one; whether everybody must is for the administrator to say.
  const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: clientMustHaveOne };
  const server = createServer({ ...limits, ...tlsProfile, minVersion, ciphers, cert, key, ...clients });
  server.maxConnections = maxConnections;
  const pending: Pending = limitPending(server);
  server.on('secureConnection', (socket: TLSSocket) => {
    const shown = Object.keys(socket.getPeerCertificate()).length > 0;
    if (ca !== undefined && shown && !socket.authorized) socket.destroy();
  });
  // Whoever never comes to the end of the handshake cannot be told anything, and must not keep a place.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return { server, admit: (socket) => pending.admit(socket) };
}

/** Makes a server for a socket of this machine, not listening yet. */
export const createLocalListener = (handler: Handler, silenceMs: number): HttpServer => serve(createHttpServer(limits), handler, silenceMs);
