import { fileURLToPath } from 'node:url';
import { loadConfig } from '../frame/config.ts';
import { type Database, DatabaseUnavailable, openDatabase } from '../frame/database.ts';
import { createDrain } from '../frame/drain.ts';
import { serveHealth } from '../frame/health.ts';
import type { LocalSocket } from '../frame/local-socket.ts';
import { errorFields, type Log } from '../frame/log.ts';
import type { Mask } from '../frame/mask.ts';
import { AgentUnreachable } from './agents/agent-failure.ts';
import type { AskHost } from './agents/agents.ts';
import { createApp } from './app.ts';
import { keepAuthority } from './consoles/authority-option.ts';
import { prepareListener } from './http/listener.ts';
import { startHeartBeat } from './heart-beat.ts';
import { namesOfListener } from './host-names.ts';
import { deploymentFiles } from './host-deploy/files.ts';
import { hostDeployment } from './host-deploy/host-deployment.ts';
import { type Hosts, type HostsParts, startHosts } from './hosts/hosts.ts';
import { createSecrets } from './hosts/secrets.ts';
import { startHousekeeping } from './housekeeping.ts';
import { waitForSchemas } from './schemas.ts';
import { readSettings, type Settings } from './settings.ts';
import { createSessions } from './sso/sessions.ts';
import { readVersion } from './version.ts';

export interface EngineParts {
  readonly configFile: string;
  readonly log: Log;
  readonly mask: Mask;
  readonly now: () => number;
  /** Variables of the process: where systemd has put what only the engine may read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Engine {
  /** Fulfilled once the database answers and its schema fits; rejected when it never will. */
  readonly ready: Promise<void>;
  /** Ends the engine: no new requests, the running ones to their end within 10 seconds, then the database. */
  readonly stop: (reason: string) => Promise<void>;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 10_000;

/**
 * Starts the engine and returns as soon as it listens, which does not take a database: until that answers, health says
 * so and every other use of it is refused with 503. Throws ConfigError, or what went wrong with files and ports.
 */
export async function startEngine({ configFile, log, mask, now, environment }: EngineParts): Promise<Engine> {
  const configured = readSettings(await loadConfig(configFile, defaultsFile));
  const { listen } = configured;
  const settings = { ...configured, hostNames: [...configured.hostNames, ...(await namesOfListener(listen.address, listen.behindProxy))] };
  mask.hide(settings.database.password);
  mask.hide(settings.client.secret);
  if (settings.wantsUncheckedRedirects) {
    log.warning(
      'SSO_CALLBACK_PREFIX_CHECK has no effect: redirect addresses are always compared with the registered ones. Logging in works ' +
        'with the full name and the addresses of this host; list other names in SSO_ALTERNATE_ENGINE_FQDNS.',
    );
  }
  const version = await readVersion();
  const makeServer = await prepareListener(settings.listen);

  const pool = openDatabase(settings.database, log, { prepared: true });
  let schemasFit = false;
  const needSchemas = (): void => {
    if (!schemasFit) throw new DatabaseUnavailable(new Error('its schema has not been checked yet'));
  };
  const database: Database = {
    async query(text, values) {
      needSchemas();
      return pool.query(text, values);
    },
    close: () => pool.close(),
  };
  const databaseUp = (): Promise<boolean> =>
    database.query('select 1').then(
      () => true,
      () => false,
    );
  const sessions = createSessions(database, now, settings.mostSessionsOfUser);
  let hosts: Hosts | null = null;
  const secrets = createSecrets(settings.client.secret);
  const commandBegun = (): void => hosts?.wake();
  const askHost: AskHost = async (...question) => {
    if (hosts === null) throw new AgentUnreachable('no host is worked on');
    return hosts.ask(...question);
  };
  const app = await createApp({ settings, version, makeServer, database, databaseUp, sessions, log, now, commandBegun, secrets, askHost });

  const { address, port } = settings.listen;
  await app.listen({ host: address, port });
  log.info('listening', { address, port, version: version.own });
  // After the port, so that a second engine fails there and leaves the socket of the first one alone.
  const health = await startHealth(settings.healthSocket, version.own, databaseUp);
  const endHousekeeping = startHousekeeping({ database, sessions, log, now });

  const waiting = new AbortController();
  let endHeartBeat = (): void => undefined;
  const ready = waitForSchemas(pool, log, waiting.signal).then(async () => {
    schemasFit = true;
    await keepAuthority(database, settings.caCertificate).catch((error: unknown) => {
      log.warning('the authority of hosts could not be told of', errorFields(error));
    });
    endHeartBeat = startHeartBeat({ database, log });
    hosts = await hostsOf(settings, environment, { database, secrets, log, now });
    log.info('ready', { version: version.own });
  });
  const stop = createDrain(
    [
      { name: 'the web server', end: () => app.close(), force: () => app.server.closeAllConnections() },
      { name: 'the work on hosts', end: async () => hosts?.close() },
      { name: 'the health socket', end: async () => health?.close() },
      { name: 'the database pool', end: () => pool.close() },
    ],
    stopWithinMs,
    log,
  );
  return {
    ready,
    stop: (reason) => {
      waiting.abort();
      endHousekeeping();
      endHeartBeat();
      return stop(reason);
    },
  };
}

/** Begins to work on hosts; null where there is no key to show them. */
async function hostsOf(
  settings: Settings,
  environment: EngineParts['environment'],
  parts: Pick<HostsParts, 'database' | 'secrets' | 'log' | 'now'>,
): Promise<Hosts | null> {
  const { log } = parts;
  const { caCertificate: authority, engineCertificate: certificate, engineKey: key, imageProxySocket } = settings;
  if (key === null) {
    log.warning('ENGINE_PKI_ENGINE_KEY names no key, so no host can be worked on');
    return null;
  }
  const session = openDatabase(settings.database, log, { name: 'engine-turn', connections: 1 });
  const deployment = hostDeployment(deploymentFiles(settings, environment));
  return startHosts({ ...parts, session, files: { authority, certificate, key }, deployment, imageProxySocket });
}

async function startHealth(socket: string | null, version: string, databaseUp: () => Promise<boolean>): Promise<LocalSocket | null> {
  if (socket === null) return null;
  return serveHealth(socket, async () => {
    const up = await databaseUp();
    return { service: 'engine', version, state: up ? 'ready' : 'degraded', checks: { database: up ? 'up' : 'down' } };
  });
}
