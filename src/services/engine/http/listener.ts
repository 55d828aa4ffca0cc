import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { ListenSettings } from '../settings.ts';
import { fromFirstPem } from '../pki/pem.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Mozilla's intermediate list; TLS 1.3 suites first. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'DHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-CHACHA20-POLY1305',
].join(':');

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
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers,
    dhparam: 'auto',
    handshakeTimeout: 10_000,
  } as const;
  return (handler) => finish(createHttpsServer({ ...limits, keepAliveTimeout, ...options }, handler), handler);
}

function finish(server: Server, handler: RequestHandler): Server {
  server.maxConnections = 512;
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
