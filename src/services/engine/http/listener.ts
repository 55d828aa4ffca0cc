import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { tlsProfile } from '../../frame/tls-profile.ts';
import type { ListenSettings } from '../settings.ts';
import { fromFirstPem } from '../pki/pem.ts';
import { makeRoom } from '../../frame/make-room.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

const mostConnections = 512;
const limits = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };

/** Loads the certificate and returns what makes the server. Throws when a file is missing or is no PEM. */
export async function prepareListener({ tls, behindProxy }: ListenSettings): Promise<(handler: RequestHandler) => Server> {
  // A web server in front keeps connections for reuse; it must be the one to close them, or it loses requests.
  const keepAliveTimeout = behindProxy ? 75_000 : 15_000;
  if (tls === null) return (handler) => finish(createHttpServer({ ...limits, keepAliveTimeout }, handler), handler);

  const [certificate, key] = await Promise.all([readFile(tls.certificate, 'utf8'), readFile(tls.key, 'utf8')]);
  const options = {
    cert: fromFirstPem(certificate, tls.certificate),
    key: fromFirstPem(key, tls.key),
    ...tlsProfile,
  } as const;
  return (handler) => finish(createHttpsServer({ ...limits, keepAliveTimeout, ...options }, handler), handler);
}

function finish(server: Server, handler: RequestHandler): Server {
  makeRoom(server, mostConnections);
  // Beyond that there is no room to be made: all of them are being answered.
  server.maxConnections = 2 * mostConnections;
  server.setTimeout(60_000);
  // API clients send `Expect: 201-created`, which Node would refuse by itself.
  server.on('checkExpectation', handler);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(`HTTP/1.1 ${statusOfParserError(error.code)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  return server;
}

function statusOfParserError(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  return '400 Bad Request';
}
