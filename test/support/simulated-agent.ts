import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { createFrameReader, type Frame, writeFrame } from '../../src/services/frame/stomp.ts';
import { listen } from '../../src/services/frame/listen.ts';
import { makeCertificate } from './certificates.ts';

/*
 * Agents of hosts as an engine sees them: the real protocol (mutual TLS, STOMP 1.2, JSON-RPC 2.0), and hosts that are made up. One server stands
 * for as many hosts as the loopback network has addresses: the address that was reached says which host it is.
 */

export interface AgentPki {
  readonly folder: string;
  readonly path: (name: string) => string;
  readonly remove: () => Promise<void>;
}

/** An authority with an engine, an agent that may have any of the given addresses, and an agent of somebody else. */
export async function makeAgentPki(addresses: readonly string[] = ['127.0.0.1']): Promise<AgentPki> {
  const folder = await mkdtemp(join(tmpdir(), 'agents-'));
  // The engine and its authority sign with RSA; other keys are quicker to make.
  const leaf = (name: string, names: string, issuer = 'ca') =>
    makeCertificate(folder, name, { issuer, names, keyType: name === 'engine' ? 'rsa' : 'ec' });
  await Promise.all([makeCertificate(folder, 'ca'), makeCertificate(folder, 'other-ca', { keyType: 'ec' })]);
  const names = addresses.map((address) => `IP:${address}`).join(',');
  await Promise.all([
    leaf('engine', 'DNS:localhost'),
    leaf('agent', names),
    leaf('elsewhere', 'DNS:elsewhere.example.net'),
    leaf('stranger', names, 'other-ca'),
  ]);
  return { folder, path: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Settings of an engine that trusts these agents, and that they trust. */
export const engineSettings = ({ path }: Pick<AgentPki, 'path'>): Readonly<Record<string, string>> => ({
  ENGINE_PKI_CA: path('ca.pem'),
  ENGINE_PKI_ENGINE_CERT: path('engine.pem'),
  ENGINE_PKI_ENGINE_KEY: path('engine.key'),
});

/** What an agent does about a call: its result, or a failure with a code. A promise that never settles is an agent that hangs. */
export type SimulatedVerb = (params: Readonly<Record<string, unknown>>, host: string) => unknown;

/** A failure that the engine is told of, as agents tell it. */
export class SimulatedFailure extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Verbs of an agent that has just been started, on some hosts: everything is refused until `isReady`. */
export const recovering = (
  verbs: Readonly<Record<string, SimulatedVerb>>,
  hosts: readonly string[],
  isReady: () => boolean,
): Record<string, SimulatedVerb> =>
  Object.fromEntries(
    Object.entries(verbs).map(([name, verb]) => [
      name,
      (params, host) => {
        if (hosts.includes(host) && !isReady()) throw new SimulatedFailure(99, 'Recovering from crash or Initializing');
        return verb(params, host);
      },
    ]),
  );

export interface SimulatedAgents {
  readonly port: number;
  /** Calls that came, by their methods, in their order. */
  readonly calls: { readonly host: string; readonly method: string; readonly flowId: string | undefined }[];
  /** What agents do from now on; another one in the place of what was there. */
  verbs: Record<string, SimulatedVerb>;
  /** Whether they say anything while nothing is asked. */
  heartbeats: boolean;
  /** Hosts that are not to be reached. */
  readonly away: Set<string>;
  /** Connections that are open now. */
  connections(host?: string): number;
  /** Sends an event of a host to whoever has subscribed. */
  event(host: string, name: string, params: object): void;
  /** Sends bytes of a host as they are. */
  raw(host: string, bytes: string): void;
  /** Cuts the connections of a host, or of all. */
  cut(host?: string): void;
  /** No longer listens, as hosts that are switched off; `start` ends that. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

interface Session {
  readonly host: string;
  readonly socket: TLSSocket;
  /** Destinations that are subscribed, with the ids of the subscriptions. */
  readonly subscriptions: Map<string, string>;
}

export interface SimulatedOptions {
  readonly certificate?: string;
  /** All addresses of the loopback network instead of one. */
  readonly everywhere?: boolean;
  readonly verbs?: Record<string, SimulatedVerb>;
}

export async function startSimulatedAgents(pki: AgentPki, options: SimulatedOptions = {}): Promise<SimulatedAgents> {
  const { certificate = 'agent', everywhere = false, verbs = {} } = options;
  const sessions = new Set<Session>();
  let port = 0;

  const [ca, cert, key] = await Promise.all(['ca.pem', `${certificate}.pem`, `${certificate}.key`].map((name) => readFile(pki.path(name))));
  const make = () =>
    createServer({ ca: ca!, cert: cert!, key: key!, requestCert: true, rejectUnauthorized: true }, (socket) => {
      if (agents.away.has(socket.localAddress ?? '')) return void socket.destroy();
      const session: Session = { host: socket.localAddress ?? '', socket, subscriptions: new Map() };
      sessions.add(session);
      const read = createFrameReader((frame) => take(session, frame));
      socket.setNoDelay(true);
      socket.on('data', read);
      socket.on('error', () => undefined);
      socket.on('close', () => sessions.delete(session));
    }).on('tlsClientError', () => undefined);
  let server = make();

  const send = ({ socket, subscriptions }: Session, destination: string, body: unknown): void => {
    const subscription = subscriptions.get(destination);
    if (subscription === undefined) return;
    socket.write(writeFrame('MESSAGE', { destination, 'content-type': 'application/json', subscription }, JSON.stringify(body)));
  };

  function take(session: Session, { verb, headers, body }: Frame): void {
    if (verb === 'SUBSCRIBE') session.subscriptions.set(headers.get('destination') ?? '', headers.get('id') ?? '');
    else if (verb === 'CONNECT') {
      const every = Number(headers.get('heart-beat')?.split(',')[1] ?? 0);
      session.socket.write(writeFrame('CONNECTED', { version: '1.2', 'heart-beat': `${every},0` }));
      const timer = setInterval(() => agents.heartbeats && session.socket.write('\n'), Math.max(every, 10) * 0.8);
      session.socket.on('close', () => clearInterval(timer));
    } else if (verb === 'SEND') void answer(session, headers, body);
    else if (verb === 'DISCONNECT') session.socket.end();
  }

  async function answer(session: Session, headers: ReadonlyMap<string, string>, body: Buffer): Promise<void> {
    const { method, params, id } = JSON.parse(body.toString()) as { method: string; params: Record<string, unknown>; id: string };
    agents.calls.push({ host: session.host, method, flowId: headers.get('ovirtCorrelationId') });
    const found = agents.verbs[method];
    const reply = (said: object): void => send(session, headers.get('reply-to') ?? '', { jsonrpc: '2.0', id, ...said });
    if (found === undefined) return reply({ error: { code: -32601, message: `There is no ${method}` } });
    try {
      reply({ result: await found(params, session.host) });
    } catch (error) {
      if (!(error instanceof SimulatedFailure)) throw error;
      reply({ error: { code: error.code, message: error.message } });
    }
  }

  const of = (host?: string): Session[] => [...sessions].filter((one) => host === undefined || one.host === host);
  const agents: SimulatedAgents = {
    get port() {
      return port;
    },
    calls: [],
    verbs: { ...verbs },
    heartbeats: true,
    away: new Set(),
    connections: (host) => of(host).length,
    event: (host, name, params) => of(host).forEach((one) => send(one, 'jms.queue.events', { jsonrpc: '2.0', method: name, params })),
    raw: (host, bytes) => of(host).forEach(({ socket }) => socket.write(bytes)),
    cut: (host) => of(host).forEach(({ socket }) => socket.destroy()),
    async stop() {
      agents.cut();
      await new Promise((resolve) => server.close(resolve));
    },
    async start() {
      server = make();
      await listen(server, { host: everywhere ? '0.0.0.0' : '127.0.0.1', port });
      port = (server.address() as AddressInfo).port;
    },
  };
  await agents.start();
  return agents;
}
