import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../frame/config.ts';
import { openDatabase } from '../frame/database.ts';
import { createDrain } from '../frame/drain.ts';
import { serveHealth } from '../frame/health.ts';
import type { Log } from '../frame/log.ts';
import type { Mask } from '../frame/mask.ts';
import { ownVersion } from '../frame/own-version.ts';
import { createDispatcher } from './dispatcher.ts';
import { eventStore } from './event-store.ts';
import { recipientsOf } from './filter.ts';
import { mailTransport } from './mail.ts';
import { type NotifierSettings, readSettings } from './settings.ts';
import { snmpTransport } from './snmp.ts';
import type { Transport } from './transport.ts';
import { startWatch, type Watch } from './watch.ts';

export interface NotifierParts {
  readonly configFile: string;
  /** The engine's configuration, which names the database. */
  readonly engineConfigFile: string;
  readonly log: Log;
  readonly mask: Mask;
  readonly now: () => number;
}

export interface Notifier {
  /** Fulfilled once events have been read for the first time. */
  readonly ready: Promise<void>;
  /** Ends it: what is being sent is finished, the rest is left to the next start. */
  readonly stop: (reason: string) => Promise<void>;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 15_000;

/** Starts telling people of events of the engine by mail and SNMP. Throws ConfigError, or what went wrong with the health socket. */
export async function startNotifier({ configFile, engineConfigFile, log, mask, now }: NotifierParts): Promise<Notifier> {
  const hostName = hostname();
  const settings = readSettings(await loadConfig(configFile, defaultsFile), await loadConfig(engineConfigFile, defaultsFile), hostName);
  for (const secret of [settings.database.password, ...settings.secrets]) mask.hide(secret);
  const version = await ownVersion();
  const transports = openTransports(settings, hostName, now);
  tellWhatIsMissing(settings, transports, log);

  const ending = new AbortController();
  const database = openDatabase(settings.database, log, { name: 'engine-notifier', connections: 1 });
  const store = eventStore(database);
  const dispatcher = createDispatcher({ ...settings, store, transports, log, signal: ending.signal });
  let watch: Watch | null = null;
  const report = () => {
    const connected = watch?.connected() === true;
    return {
      service: 'engine-notifier',
      version,
      state: connected ? 'ready' : 'degraded',
      checks: { database: connected ? 'up' : 'down' },
    } as const;
  };
  // Before the first look at events: a second notifier fails here, and tells nobody of them twice.
  const health = settings.healthSocket === null ? null : await serveHealth(settings.healthSocket, async () => report());
  watch = startWatch({ settings, store, dispatcher, log, now, signal: ending.signal });
  const { ready, ended } = watch;
  log.info('started', { version, rules: settings.rules.length });

  const stop = createDrain(
    [
      { name: 'the event that is being sent', end: () => ended },
      { name: 'the health socket', end: async () => health?.close() },
      { name: 'the database pool', end: () => database.close() },
    ],
    stopWithinMs,
    log,
  );
  return {
    ready: ready.then(() => log.info('ready', { version })),
    stop: (reason) => {
      ending.abort();
      return stop(reason);
    },
  };
}

function openTransports({ mail, snmpProfile }: NotifierSettings, hostName: string, now: () => number): ReadonlyMap<string, Transport> {
  const transports = new Map<string, Transport>([['snmp', snmpTransport(snmpProfile, now(), now)]]);
  if (mail !== null) transports.set('smtp', mailTransport(mail, hostName));
  return transports;
}

/** Says of each kind of recipient that nobody can be told of anything. */
function tellWhatIsMissing({ rules, mail }: NotifierSettings, transports: ReadonlyMap<string, Transport>, log: Log): void {
  if (mail === null) log.warning('MAIL_SERVER has no value: nobody is told of anything by mail');
  const named = new Set(recipientsOf(rules).map(({ transport }) => transport));
  for (const transport of named)
    if (transport !== 'smtp' && !transports.has(transport))
      log.warning('FILTER names a way to tell people that there is not', { transport });
}
