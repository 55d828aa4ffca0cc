import { fileURLToPath } from 'node:url';
import { loadConfig } from '../frame/config.ts';
import { openDatabase } from '../frame/database.ts';
import { createDrain } from '../frame/drain.ts';
import { type Health, serveHealth } from '../frame/health.ts';
import type { LocalSocket } from '../frame/local-socket.ts';
import { errorFields, type Log } from '../frame/log.ts';
import type { Mask } from '../frame/mask.ts';
import { ownVersion } from '../frame/own-version.ts';
import { waitForEngine, waitForHistory } from './admission.ts';
import { setRunning, tellEngine, tellFailure } from './engine-side.ts';
import { openHistory } from './history.ts';
import { keepWorking } from './keep-working.ts';
import { readSettings } from './settings.ts';
import { type Watch, watchEngine } from './watch.ts';
import { work } from './work.ts';

export interface WarehouseParts {
  readonly configFile: string;
  readonly log: Log;
  readonly mask: Mask;
  readonly now: () => Date;
  /** Called once it works. */
  readonly ready: () => void;
}

export interface Warehouse {
  /** Fulfilled when it has ended because the engine asked for that; rejected when it may not or cannot work. */
  readonly ended: Promise<void>;
  /** Ends it: the piece of work at hand to its end within 10 seconds, then the farewell to the engine. */
  readonly stop: (reason: string) => Promise<void>;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 10_000;

/** Starts the data warehouse and returns at once: it waits for databases that do not answer. Throws ConfigError. */
export async function startWarehouse({ configFile, log, mask, now, ready }: WarehouseParts): Promise<Warehouse> {
  const settings = readSettings(await loadConfig(configFile, defaultsFile));
  mask.hide(settings.engine.password);
  mask.hide(settings.history.password);
  const version = await ownVersion();
  const { uuid, errorEventMs, healthSocket } = settings;
  const engine = openDatabase(settings.engine, log, { name: 'ovirt-engine-dwhd', connections: 2 });
  const stopping = new AbortController();
  const { signal } = stopping;
  let health: LocalSocket | null = null;
  let claimed = false;

  /** From the first look at the engine to the end of all work. */
  async function run(): Promise<void> {
    // Hours and days are those of this host.
    const open = () => openHistory(settings.history, Intl.DateTimeFormat().resolvedOptions().timeZone);
    await waitForEngine(engine, uuid, log, signal);
    const history = await waitForHistory(open, log, signal);
    await setRunning(engine, uuid, true);
    claimed = true;
    await tellEngine(engine, 'started');

    const end = (reason: string): void => {
      if (!signal.aborted) log.warning('ending', { reason });
      stopping.abort();
    };
    const watch = watchEngine({ engine, uuid, log, signal, end });
    const worker = keepWorking({
      history,
      open,
      work: (session, succeeded) =>
        work({ history: session, engine, settings, engineAlive: () => watch.alive(), log, signal, now, succeeded }),
      failed: (error) => tellFailure(engine, errorFields(error).error, errorEventMs).catch(() => undefined),
      log,
      signal,
    });
    // After the lock, so that a second data warehouse leaves the socket of the first one alone.
    if (healthSocket !== null) health = await serveHealth(healthSocket, async () => healthOf(version, watch, worker.well()));
    log.info('ready', { version });
    ready();
    await worker.ended;
  }

  async function farewell(): Promise<void> {
    if (!claimed) return;
    await setRunning(engine, uuid, false);
    await tellEngine(engine, 'stopped');
  }

  const running = run().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  const drain = createDrain(
    [
      { name: 'the work at hand', end: () => running.catch(() => undefined) },
      { name: 'the farewell to the engine', end: farewell },
      { name: 'the health socket', end: async () => health?.close() },
      { name: 'the database pool', end: () => engine.close() },
    ],
    stopWithinMs,
    log,
  );
  return {
    ended: running,
    stop: (reason) => {
      stopping.abort();
      return drain(reason);
    },
  };
}

function healthOf(version: string, watch: Watch, historyWell: boolean): Health {
  const checks = { engineDatabase: watch.connected(), engine: watch.alive(), history: historyWell };
  return {
    service: 'dwh',
    version,
    state: Object.values(checks).every(Boolean) ? 'ready' : 'degraded',
    checks: Object.fromEntries(Object.entries(checks).map(([name, up]) => [name, up ? 'up' : 'down'])),
  };
}
