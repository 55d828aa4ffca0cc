import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../frame/config.ts';
import { createDrain } from '../frame/drain.ts';
import { serveCertificateHealth } from '../frame/health.ts';
import { listen } from '../frame/listen.ts';
import { type LocalSocket, listenLocally } from '../frame/local-socket.ts';
import { type Log, errorFields } from '../frame/log.ts';
import { allowedNetworks } from '../frame/networks.ts';
import { ownVersion } from '../frame/own-version.ts';
import { createRefusalLog } from '../frame/refusal-log.ts';
import { serveControl } from './api/control.ts';
import type { Exchange } from './api/exchange.ts';
import { serveImages } from './api/images.ts';
import type { Fault } from './fault.ts';
import { openImage, type Places } from './images/open.ts';
import { createListener, createLocalListener, serve } from './listener.ts';
import { readSettings, type Settings } from './settings.ts';
import { createTickets } from './tickets/tickets.ts';

export interface ServiceParts {
  readonly configFile: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

export interface Service {
  /** Ends the service: transfers that are under way are cut, and can be resumed when it is back. */
  readonly stop: (reason: string) => Promise<void>;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 10_000;

/** Starts the service; it is ready when this returns. Throws ConfigError, or what went wrong with files and ports. */
export async function startService({ configFile, log, now, clock }: ServiceParts): Promise<Service> {
  const settings = readSettings(await loadConfig(configFile, defaultsFile));
  const { most, silenceMs, removeWithinMs, role } = settings;
  const version = await ownVersion();
  const own = new X509Certificate(await readFile(settings.listen.certificate));
  const places = await placesOf(role);
  const tickets = createTickets({ clock, most, removeWithinMs, open: (ticket) => openImage(ticket, places) });
  const failed = tellOf(log, now);

  const listener = await createListener(settings.listen, settings);
  const images = serveImages({ tickets, version, most, localSocket: settings.localSocket, silenceMs, admitted: listener.admit, failed });
  serve(listener.server, images, silenceMs);
  const local = settings.localSocket === null ? null : createLocalListener(images, silenceMs);
  // Whoever takes a ticket away hears nothing while requests are at work with it.
  const control = createLocalListener(serveControl({ tickets, places, failed }), silenceMs + removeWithinMs);

  const { address, port } = settings.listen;
  await listen(listener.server, { port, ...(address === null ? {} : { host: address }) });
  const clients = local === null || settings.localSocket === null ? null : await listenForClients(local, settings.localSocket);
  // Only the owner, and the group where the folder lets it in: with a ticket every image can be had.
  const controlSocket = await listenLocally(control, settings.controlSocket, 0o660);
  log.info('listening', { role: role.kind, address: address ?? '*', port, version });
  const isValid = (): boolean => own.validToDate.getTime() > now();
  const health = await serveCertificateHealth(settings.healthSocket, { service: 'image-io', version, isValid });
  log.info('ready', { version });

  const servers = [listener.server, ...(local === null ? [] : [local])];
  const stop = createDrain(
    [
      {
        name: 'the transfers',
        end: async () => {
          for (const server of servers) server.close();
          await tickets.close();
        },
      },
      {
        name: 'the connections',
        end: async () => {
          for (const server of servers) server.closeAllConnections();
        },
      },
      { name: 'the socket for clients', end: async () => clients?.close() },
      { name: 'the control socket', end: () => controlSocket.close() },
      { name: 'the health socket', end: async () => health?.close() },
    ],
    stopWithinMs,
    log,
  );
  return { stop };
}

/** A socket in the abstract name space goes with its process; one in the file system may be left of a process that is gone. */
async function listenForClients(server: HttpServer, socket: string): Promise<LocalSocket | null> {
  if (!socket.startsWith('\0')) return listenLocally(server, socket, 0o660);
  await listen(server, { path: socket });
  return null;
}

async function placesOf(role: Settings['role']): Promise<Places> {
  if (role.kind === 'daemon') return role.places;
  const { certificate, key, ca, networks } = role.hosts;
  const [cert, keyOfIt, authority] = await Promise.all([certificate, key, ca].map((path) => readFile(path)));
  return { remote: { tls: { cert, key: keyOfIt, ca: authority }, allowed: allowedNetworks(networks, 'HOST_NETWORKS') } };
}

/** What the client hears is in the log with what lies behind it. A ticket is as good as a key, so none is ever logged. */
function tellOf(log: Log, now: () => number): (exchange: Exchange, fault: Fault) => void {
  const refused = createRefusalLog(log, now, { one: 'request refused', many: 'requests refused' });
  return ({ request, method }, fault) => {
    const client = request.socket.remoteAddress ?? 'local';
    if (fault.status < 500) return refused(client, fault);
    const { cause } = fault;
    log.error('request failed', {
      client,
      method,
      status: fault.status,
      reason: fault.message,
      ...(cause === undefined ? {} : { cause: errorFields(cause).error }),
    });
  };
}
