import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../frame/config.ts';
import { createDrain } from '../frame/drain.ts';
import { serveHealth } from '../frame/health.ts';
import { parseIni } from '../frame/ini-parser.ts';
import type { Log } from '../frame/log.ts';
import type { Mask } from '../frame/mask.ts';
import { ownVersion } from '../frame/own-version.ts';
import { createHandler } from './http/exchange.ts';
import { listen } from './http/listener.ts';
import { createKeystone } from './keystone.ts';
import { createNeutron } from './neutron/neutron.ts';
import { openNorthbound } from './northbound/northbound.ts';
import { readSettings, type Settings } from './settings.ts';
import { createDoor } from './sign-on/door.ts';
import { createEngineSso } from './sign-on/engine-sso.ts';

export interface ProviderParts {
  readonly configFile: string;
  readonly log: Log;
  readonly mask: Mask;
  readonly now: () => number;
}

export interface Provider {
  readonly stop: (reason: string) => Promise<void>;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 10_000;

/** Starts the provider; it listens when this returns, whether or not OVN answers yet. Throws ConfigError, or what went wrong with files and ports. */
export async function startProvider({ configFile, log, mask, now }: ProviderParts): Promise<Provider> {
  const dialect = { parse: parseIni, folder: configFile.replace(/[^/]+$/, 'conf.d') };
  const settings = readSettings(await loadConfig(configFile, defaultsFile, dialect));
  const { host, listen: where, signOn } = settings;
  mask.hide(signOn.clientSecret);
  const version = await ownVersion();
  const own = new X509Certificate(await readFile(where.certificate));
  const sso = createEngineSso(signOn, await readFile(signOn.authority, 'utf8'));
  const door = createDoor(sso, signOn.user, now);
  const northbound = openNorthbound({
    remotes: settings.ovn.remotes,
    context: await contextFor(settings),
    log,
    answerMs: settings.ovn.answerMs,
  });

  const { keystonePort, neutronPort } = where;
  const keystone = createKeystone({ door, host, keystonePort, neutronPort, tokenSeconds: signOn.tokenSeconds, now });
  const neutron = createNeutron({ northbound, door, settings, now });
  // Clients hear that others are too slow before their own connection is cut.
  const silenceMs = signOn.timeoutMs + settings.ovn.answerMs + 10_000;
  const listeners = [
    await listen(where, keystonePort, silenceMs, createHandler(keystone, log)),
    await listen(where, neutronPort, silenceMs, createHandler(neutron, log)),
  ];
  log.info('listening', { address: where.address ?? '*', keystonePort, neutronPort, version });

  const health =
    settings.healthSocket === null
      ? null
      : await serveHealth(settings.healthSocket, () => {
          const certificate = own.validToDate.getTime() > now();
          const isReady = certificate && northbound.isUp();
          return Promise.resolve({
            service: 'ovn-provider',
            version,
            state: isReady ? 'ready' : 'degraded',
            checks: { certificate: certificate ? 'up' : 'down', ovn: northbound.isUp() ? 'up' : 'down' },
          });
        });
  log.info('ready', { version });

  const stop = createDrain(
    [
      {
        name: 'the connections',
        end: async () => {
          await Promise.all(listeners.map((one) => one.close()));
        },
        force: () => listeners.forEach((one) => one.force()),
      },
      { name: 'the northbound database', end: () => northbound.close() },
      { name: 'the way to the engine', end: async () => sso.close() },
      { name: 'the health socket', end: async () => health?.close() },
    ],
    stopWithinMs,
    log,
  );
  return { stop };
}

/** How the provider proves to OVN who it is: by the certificate that its own clients see, too. */
async function contextFor({ ovn, listen: { certificate, key } }: Settings) {
  if (ovn.remotes.every(({ kind }) => kind === 'unix')) return null;
  const [ca, cert, secret] = await Promise.all([ovn.authority, certificate, key].map((path) => readFile(path)));
  return createSecureContext({ ca, cert, key: secret, minVersion: 'TLSv1.2' });
}
