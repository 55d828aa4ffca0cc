import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { freePort } from './free-port.ts';
import type { TestPki } from './pki.ts';
import { logged, startService } from './service-process.ts';

export interface TestProxy {
  readonly port: number;
  readonly pid: number;
  readonly healthSocket: string;
  log(): string;
  sees(text: string): Promise<void>;
  /** Opens a WebSocket with a ticket; the browser side of a console. */
  connect(ticket: string, subprotocols?: readonly string[]): WebSocket;
  /** Sends a signal and returns the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the real program. */
export async function startProxy(pki: TestPki, settings: Readonly<Record<string, string>> = {}): Promise<TestProxy> {
  const folder = await mkdtemp(join(pki.folder, 'proxy-'));
  const port = await freePort();
  const healthSocket = join(folder, 'health.sock');
  const keys = {
    PROXY_HOST: '127.0.0.1',
    PROXY_PORT: String(port),
    SSL_CERTIFICATE: pki.path('proxy.pem'),
    SSL_KEY: pki.path('proxy.key'),
    CERT_FOR_DATA_VERIFICATION: pki.path('engine.pem'),
    TARGET_CA: pki.path('ca.pem'),
    TARGET_NETWORKS: '127.0.0.0/8 ::1',
    HEALTH_SOCKET: healthSocket,
    ...settings,
  };
  const config = join(folder, 'proxy.conf');
  await mkdir(`${config}.d`);
  const lines = Object.entries(keys).map(([key, value]) => `${key}="${value}"\n`);
  await writeFile(join(`${config}.d`, '10-setup.conf'), lines.join(''));

  const child = startService({ name: 'websocket-proxy', environment: { WEBSOCKET_PROXY_CONF: config } });
  const proxy: TestProxy = {
    ...child,
    port,
    healthSocket,
    connect: (ticket, subprotocols = ['binary']) =>
      followed(
        new WebSocket(`wss://127.0.0.1:${port}/${encodeURIComponent(ticket)}`, [...subprotocols], { ca: pki.ca, perMessageDeflate: false }),
      ),
  };
  await child.sees(logged('ready'));
  return proxy;
}

type Outcome = 'open' | number;
const outcomes = new WeakMap<WebSocket, Promise<Outcome>>();

/** Follows a WebSocket from its start: it may open, or be refused, before anybody asks. */
function followed(browser: WebSocket): WebSocket {
  const outcome = new Promise<Outcome>((resolve, reject) => {
    browser.on('open', () => resolve('open'));
    browser.on('unexpected-response', (_request, response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    browser.on('error', reject);
  });
  // Whoever asks is told.
  outcome.catch(() => undefined);
  outcomes.set(browser, outcome);
  return browser;
}

/** What a WebSocket came to: opened, or refused with a status. */
export async function outcomeOf(browser: WebSocket): Promise<Outcome> {
  const outcome = outcomes.get(browser);
  if (outcome === undefined) throw new Error('this WebSocket was not followed from its start');
  return outcome;
}
