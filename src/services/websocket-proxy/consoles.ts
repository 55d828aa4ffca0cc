// Before the library, which looks for it.
import './websocket-mask.ts';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { errorFields, type Log } from '../frame/log.ts';
import { createRefusalLog } from '../frame/refusal-log.ts';
import { type Bridge, bridge } from './bridge.ts';
import { type Admission, admit, type DoorParts } from './door.ts';
import { Refusal } from './refusal.ts';
import { chooseSubprotocol } from './subprotocol.ts';

export interface ConsolesParts extends DoorParts {
  readonly log: Log;
  readonly maxConsoles: number;
  readonly maxMessageBytes: number;
}

/** All consoles that are open. */
export interface Consoles {
  /** Makes a console of a request to speak WebSocket, or refuses it. */
  open(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** Opens no more, closes all, and waits until the last browser has gone. */
  close(): Promise<void>;
}

const probeEveryMs = 30_000;

const phrases: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** Keeps the consoles. */
export function createConsoles(parts: ConsolesParts): Consoles {
  const { log, maxConsoles, maxMessageBytes, now } = parts;
  const bridges = new Set<Bridge>();
  let opening = 0;
  let opened = 0;
  let closing = false;
  const tell = createRefusalLog(log, now, { one: 'console refused', many: 'consoles refused' });
  const emptied = Promise.withResolvers<undefined>();

  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Displays compress their pictures themselves.
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: (_offered, request) => chooseSubprotocol(request.headers['sec-websocket-protocol']) ?? false,
  });
  const probing = setInterval(() => {
    for (const each of bridges) each.probe();
  }, probeEveryMs).unref();

  /** Null where the request does not ask for it properly; then it has been answered. */
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): WebSocket | null => {
    let browser: WebSocket | null = null;
    upgrader.handleUpgrade(request, socket, head, (made) => (browser = made));
    return browser;
  };

  const carry = async (browser: WebSocket, { target, display, subprotocol }: Admission, client: string): Promise<void> => {
    const [id, began] = [++opened, now()];
    const { host, port, tls } = target;
    log.info('console opened', { console: id, client, host, port, tls, subprotocol });
    const carrying = bridge(browser, display.socket, subprotocol, display.turns);
    bridges.add(carrying);
    const { reason, toBrowser, toDisplay } = await carrying.ended;
    bridges.delete(carrying);
    log.info('console closed', { console: id, reason, toBrowser, toDisplay, seconds: Math.round((now() - began) / 1000) });
    if (closing && bridges.size === 0) emptied.resolve(undefined);
  };

  const makeRoom = (): void => {
    if (closing) throw new Refusal(503, 'the proxy is ending');
    if (bridges.size + opening >= maxConsoles) throw new Refusal(503, `${maxConsoles} consoles are open already`);
  };

  return {
    async open(request, socket, head) {
      const client = request.socket.remoteAddress ?? 'unknown';
      socket.on('error', () => undefined);
      try {
        makeRoom();
        opening++;
        const admission = await admit(request, parts).finally(() => opening--);
        const browser = closing ? null : upgrade(request, socket, head);
        if (browser !== null) return await carry(browser, admission, client);
        admission.display.socket.destroy();
        socket.destroy();
      } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal(502, errorFields(error).error);
        tell(client, refusal);
        refuse(socket, refusal.status);
      }
    },
    async close() {
      closing = true;
      clearInterval(probing);
      for (const each of bridges) each.close(1001, 'the proxy ends');
      if (bridges.size > 0) await emptied.promise;
    },
  };
}

function refuse(socket: Duplex, status: Refusal['status']): void {
  socket.end(`HTTP/1.1 ${status} ${phrases[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  setTimeout(() => socket.destroy(), 1_000).unref();
}
