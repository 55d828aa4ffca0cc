import type { X509Certificate } from 'node:crypto';
import { type Server, type TLSSocket, createServer } from 'node:tls';
import { limitPending } from '../../frame/pending.ts';
import { tlsProfile } from '../../frame/tls-profile.ts';
import { type Callers, commonName, mayNotCall } from './callers.ts';

/** A client that has shown who it is and begun to speak STOMP. */
export interface Client {
  readonly socket: TLSSocket;
  /** What it has said so far. */
  readonly first: Buffer;
  /** The common name of its certificate. */
  readonly name: string;
  readonly address: string;
  /** The address of this machine that it has reached. */
  readonly localAddress: string | undefined;
}

export interface ListenerParts {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
  readonly own: X509Certificate;
  readonly callers: Callers;
  readonly maxConnections: number;
  readonly serve: (client: Client) => void;
  readonly refused: (address: string, reason: string) => void;
}

/** Half of the 10 seconds that a client has until it must have said something sensible; the handshake has the other half. */
const halfMs = 5_000;
const keepAliveMs = 60_000;
const verbs = ['CONNECT', 'SUBSCRIBE', 'SEND', 'UNSUBSCRIBE', 'DISCONNECT'];
const longestVerb = Math.max(...verbs.map((verb) => verb.length));

/** Whether a client speaks STOMP, by its first bytes; undefined while that cannot be told. */
function speaksStomp(bytes: Buffer): boolean | undefined {
  const text = bytes.subarray(0, longestVerb + 1).toString('latin1');
  if (verbs.some((verb) => text.startsWith(`${verb}\n`) || text.startsWith(`${verb}\r`))) return true;
  return verbs.some((verb) => `${verb}\n`.startsWith(text) || `${verb}\r`.startsWith(text)) ? undefined : false;
}

/** Makes the server of the agent's port, not listening yet: TLS with certificates on both sides. Throws when they cannot be used. */
export function createListener({ cert, key, ca, own, callers, maxConnections, serve, refused }: ListenerParts): Server {
  const server = createServer({ ...tlsProfile, handshakeTimeout: halfMs, cert, key, ca, requestCert: true, rejectUnauthorized: true });
  server.maxConnections = maxConnections;
  const pending = limitPending(server);
  server.on('tlsClientError', (error, socket) => {
    refused(socket.remoteAddress ?? 'gone', error.message);
    socket.destroy();
  });
  server.on('secureConnection', (socket) => {
    const address = socket.remoteAddress ?? 'gone';
    const certificate = socket.getPeerX509Certificate();
    const reason = certificate === undefined ? 'it shows no certificate' : mayNotCall(certificate, own, callers);
    if (certificate === undefined || reason !== undefined) {
      refused(address, reason ?? '');
      return void socket.destroy();
    }
    socket.setKeepAlive(true, keepAliveMs);
    socket.setNoDelay(true);
    const { localAddress } = socket;
    listenForStomp(socket, {
      found(first) {
        pending.admit(socket);
        serve({ socket, first, name: commonName(certificate), address, localAddress });
      },
      failed: (why) => refused(address, why),
    });
  });
  return server;
}

function listenForStomp(
  socket: TLSSocket,
  { found, failed }: { readonly found: (first: Buffer) => void; readonly failed: (why: string) => void },
): void {
  let bytes = Buffer.alloc(0);
  const giveUp = (why: string): void => {
    clearTimeout(limit);
    failed(why);
    socket.destroy();
  };
  const limit = setTimeout(() => giveUp('it says nothing'), halfMs);
  const ignore = (): void => undefined;
  const take = (piece: Buffer): void => {
    bytes = Buffer.concat([bytes, piece]);
    const isStomp = speaksStomp(bytes);
    if (isStomp === undefined) return;
    if (!isStomp) return giveUp('it does not speak STOMP');
    clearTimeout(limit);
    socket.off('data', take);
    found(bytes);
  };
  // What goes wrong from here on ends the socket, and whoever serves it listens for that.
  socket.on('error', ignore);
  socket.once('close', () => clearTimeout(limit));
  socket.on('data', take);
}
