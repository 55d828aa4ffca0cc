import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../frame/config.ts';
import { createDrain } from '../frame/drain.ts';
import { serveHealth } from '../frame/health.ts';
import { listen } from '../frame/listen.ts';
import type { Log } from '../frame/log.ts';
import { ownVersion } from '../frame/own-version.ts';
import { createRefusalLog } from '../frame/refusal-log.ts';
import { type Settings, readSettings } from './settings.ts';
import type { Notify, Part, Verbs } from './verbs.ts';
import { createBroker } from './wire/broker.ts';
import { createDispatcher } from './wire/json-rpc.ts';
import { createListener } from './wire/listener.ts';

/** What parts of the agent are made of. */
export interface PartParts {
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  readonly notify: Notify;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

export interface AgentParts extends Pick<PartParts, 'log' | 'now' | 'clock'> {
  readonly configFile: string;
  /** Makes the parts whose verbs the agent has. */
  readonly createParts: (parts: PartParts) => readonly Part[];
}

export interface Agent {
  /** Until every part has started, or one could not. Clients are answered from the beginning. */
  readonly ready: Promise<void>;
  /** Ends the agent. Virtual machines go on. */
  readonly stop: (reason: string) => Promise<void>;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 10_000;

/** Starts the agent. It listens when this returns. Throws ConfigError, or what went wrong with files and ports. */
export async function startAgent({ configFile, createParts, log, now, clock }: AgentParts): Promise<Agent> {
  const config = await loadConfig(configFile, defaultsFile);
  const settings = readSettings(config);
  const version = await ownVersion();
  let isReady = false;
  const parts = createParts({ config, version, log, now, clock, notify: (name, params) => broker.notify(name, params) });
  const dispatcher = createDispatcher({ verbs: verbsOf(parts), isReady: () => isReady, log });
  const broker = createBroker({ dispatcher, isReady: () => isReady, clock, log });
  const files = await readFiles(settings);
  const refusals = createRefusalLog(log, now, { one: 'connection refused', many: 'connections refused' });
  const server = createListener({
    ...files,
    callers: settings.callers,
    maxConnections: settings.maxConnections,
    serve: (client) => broker.serve(client),
    refused: (address, message) => refusals(address, { status: 403, message }),
  });
  const { address, port } = settings;
  await listen(server, { port, ...(address === null ? {} : { host: address }) });
  log.info('listening', { address: address ?? '*', port, version });

  const health =
    settings.healthSocket === null
      ? null
      : await serveHealth(settings.healthSocket, async () => {
          const checks = { certificate: files.own.validToDate.getTime() > now() ? 'up' : 'down', parts: isReady ? 'up' : 'down' } as const;
          const isWell = Object.values(checks).every((check) => check === 'up');
          return { service: 'host-agent', version, state: isWell ? 'ready' : 'degraded', checks };
        });
  const stop = createDrain(
    [
      {
        name: 'the connections',
        end: async () => {
          server.close();
          broker.close();
        },
      },
      ...parts.map((part) => ({ name: 'a part', end: async () => part.stop?.() })),
      { name: 'the health socket', end: async () => health?.close() },
    ],
    stopWithinMs,
    log,
  );
  const begin = async (): Promise<void> => {
    for (const part of parts) await part.start?.();
    isReady = true;
    log.info('ready', { version });
  };
  return { ready: begin(), stop };
}

/** All verbs. A name that two parts have is a mistake of the program. */
function verbsOf(parts: readonly Part[]): Verbs {
  const names = parts.flatMap(({ verbs }) => Object.keys(verbs));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`two parts of the agent have the verb ${twice}`);
  return Object.assign({}, ...parts.map(({ verbs }) => verbs)) as Verbs;
}

async function readFiles({ certificate, key, ca }: Settings): Promise<{ cert: Buffer; key: Buffer; ca: Buffer; own: X509Certificate }> {
  const [cert, keyBytes, caBytes] = (await Promise.all([certificate, key, ca].map((path) => readFile(path)))) as [Buffer, Buffer, Buffer];
  return { cert, key: keyBytes, ca: caBytes, own: new X509Certificate(cert) };
}
