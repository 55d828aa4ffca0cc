import type { execFile as ExecFile } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../frame/config.ts';
import { createDrain } from '../frame/drain.ts';
import { serveHealth } from '../frame/health.ts';
import { listenLocally } from '../frame/local-socket.ts';
import { type Log, errorFields } from '../frame/log.ts';
import { ownVersion } from '../frame/own-version.ts';
import { howEnded, readEndedMachine } from './machine-log.ts';
import { readMount, readUnmount } from './mount-request.ts';
import { type Mounts, createMounts } from './mounts.ts';
import { readNetworkChange } from './network-request.ts';
import { type Networks, createNetworks } from './networks.ts';
import { Refusal } from './refusal.ts';
import { runWith } from './run.ts';
import { readSettings, type Settings } from './settings.ts';

export interface HelperParts {
  readonly configFile: string;
  readonly log: Log;
  readonly execFile: typeof ExecFile;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 10_000;
const mostBodyBytes = 16_384;
const mostConnections = 32;

/**
 * Starts the helper: it does for the agent of a host the few things that only root can, each by a verb with checked parameters. Ready when this
 * returns. Throws ConfigError, or what went wrong with the socket.
 */
export async function startHelper({ configFile, log, execFile }: HelperParts): Promise<{ stop: (reason: string) => Promise<void> }> {
  const settings = readSettings(await loadConfig(configFile, defaultsFile));
  const version = await ownVersion();
  const run = runWith(execFile);
  const mounts = createMounts(settings, run);
  const networks = createNetworks(settings, run);
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 8_192 }, (request, response) => {
    answer(request, verbsOf(settings, mounts, networks)).then(
      (result) => {
        log.info('done', { verb: request.url ?? '', ...result });
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
      },
      (error: unknown) => {
        const refusal = error instanceof Refusal ? error : new Refusal(500, 'It did not work; the log of the helper says why', error);
        const { status, message, cause } = refusal;
        log.warning('refused', { verb: request.url ?? '', status, reason: message, ...(cause === undefined ? {} : errorFields(cause)) });
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify({ error: message }));
      },
    );
  });
  server.maxConnections = mostConnections;

  const socket = await listenLocally(server, settings.socket, 0o600);
  // Until here only root could connect.
  await chown(settings.socket, settings.agent.uid, settings.agent.gid);
  const health =
    settings.healthSocket === null
      ? null
      : await serveHealth(settings.healthSocket, async () => ({ service: 'host-helper', version, state: 'ready', checks: {} }));
  log.info('ready', { version, folder: dirname(settings.socket) });
  const stop = createDrain(
    [
      { name: 'the socket', end: () => socket.close() },
      { name: 'the health socket', end: async () => health?.close() },
    ],
    stopWithinMs,
    log,
  );
  return { stop };
}

/** What the agent may have done, by its path: each takes what was sent, and returns what the agent is told. */
type HelperVerbs = Readonly<Record<string, (body: unknown) => Promise<Readonly<Record<string, string | boolean>>>>>;

function verbsOf(settings: Settings, mounts: Mounts, networks: Networks): HelperVerbs {
  const plain = (work: () => Promise<void>) => async () => {
    await work();
    return {};
  };
  return {
    async '/mount'(body) {
      const mount = readMount(body, settings);
      await mounts.mount(mount);
      return { point: mount.point };
    },
    async '/unmount'(body) {
      const point = readUnmount(body, settings);
      await mounts.unmount(point);
      return { point };
    },
    '/machines/end': async (body) => ({ reason: await howEnded(readEndedMachine(body), settings.machineLogs) }),
    '/networks/change': async (body) => ({ changed: await networks.change(readNetworkChange(body)) }),
    '/networks/keep': plain(() => networks.keep()),
    '/networks/revert': plain(() => networks.revert()),
    '/networks/commit': plain(() => networks.commit()),
  };
}

async function answer(request: IncomingMessage, verbs: HelperVerbs): Promise<Readonly<Record<string, string | boolean>>> {
  const { method, url = '' } = request;
  const verb = Object.hasOwn(verbs, url) ? verbs[url] : undefined;
  if (verb === undefined) throw new Refusal(404, 'There is no such verb');
  if (method !== 'POST') throw new Refusal(405, 'Verbs are POSTed');
  return await verb(await readJson(request));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > mostBodyBytes) throw new Refusal(400, `More than ${mostBodyBytes} bytes are not read`);
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString());
  } catch (error) {
    throw new Refusal(400, 'JSON is expected', error);
  }
}
