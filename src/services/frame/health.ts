import { createServer, type Server } from 'node:http';
import { listenLocally, type LocalSocket } from './local-socket.ts';

export interface Health {
  readonly service: string;
  readonly version: string;
  readonly state: 'ready' | 'degraded';
  readonly checks: Readonly<Record<string, 'up' | 'down'>>;
}

/**
 * Answers `GET /healthz` as JSON on a unix socket that only its owner may open. Throws when somebody answers there, or when something else is
 * in its place.
 */
export const serveHealth = (socket: string, report: () => Promise<Health>): Promise<LocalSocket> =>
  listenLocally(createHealthServer(report), socket, 0o600);

/**
 * The same for a service that is well as long as its own certificate is valid.
 * @param socket null where there is none
 */
export const serveCertificateHealth = async (
  socket: string | null,
  { service, version, isValid }: { readonly service: string; readonly version: string; readonly isValid: () => boolean },
): Promise<LocalSocket | null> =>
  socket === null
    ? null
    : serveHealth(socket, async () => {
        const isUp = isValid();
        return { service, version, state: isUp ? 'ready' : 'degraded', checks: { certificate: isUp ? 'up' : 'down' } };
      });

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
