import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../frame/config.ts';
import { createDrain } from '../frame/drain.ts';
import { serveCertificateHealth } from '../frame/health.ts';
import { listen } from '../frame/listen.ts';
import type { Log } from '../frame/log.ts';
import { allowedNetworks } from '../frame/networks.ts';
import { ownVersion } from '../frame/own-version.ts';
import { createConsoles } from './consoles.ts';
import { createListener } from './listener.ts';
import { readSettings } from './settings.ts';
import { createUsedTickets } from './used-tickets.ts';

export interface ProxyParts {
  readonly configFile: string;
  readonly log: Log;
  readonly now: () => number;
}

export interface Proxy {
  /** Ends the proxy: no new consoles, and those that are open are closed. */
  readonly stop: (reason: string) => Promise<void>;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 10_000;

/** Starts the proxy; it is ready when this returns. Throws ConfigError, or what went wrong with files and ports. */
export async function startProxy({ configFile, log, now }: ProxyParts): Promise<Proxy> {
  const settings = readSettings(await loadConfig(configFile, defaultsFile));
  const { listen: where, target, maxConsoles, maxMessageBytes } = settings;
  const version = await ownVersion();
  const signer = new X509Certificate(await readFile(settings.signer)).publicKey;
  const own = new X509Certificate(await readFile(where.certificate));
  const rules = {
    allowed: allowedNetworks(target.networks, 'TARGET_NETWORKS'),
    context: createSecureContext({ ca: await readFile(target.ca), minVersion: 'TLSv1.2' }),
    verifyName: target.verifyName,
  };
  const consoles = createConsoles({ signer, used: createUsedTickets(), rules, now, log, maxConsoles, maxMessageBytes });
  const server = await createListener(where, maxConsoles);
  server.on('upgrade', (request, socket, head) => void consoles.open(request, socket, head));

  await listen(server, { port: where.port, ...(where.address === null ? {} : { host: where.address }) });
  log.info('listening', { address: where.address ?? '*', port: where.port, version });
  // After the port, so that a second proxy fails there and leaves the socket of the first one alone.
  const isValid = (): boolean => own.validToDate.getTime() > now();
  const health = await serveCertificateHealth(settings.healthSocket, { service: 'websocket-proxy', version, isValid });
  log.info('ready', { version });

  const stop = createDrain(
    [
      {
        name: 'the consoles',
        end: async () => {
          server.close();
          await consoles.close();
        },
      },
      { name: 'the connections', end: async () => server.closeAllConnections() },
      { name: 'the health socket', end: async () => health?.close() },
    ],
    stopWithinMs,
    log,
  );
  return { stop };
}
