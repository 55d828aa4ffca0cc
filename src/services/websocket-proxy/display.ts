import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { createByteReader } from '../frame/byte-reader.ts';
import { errorFields } from '../frame/log.ts';
import type { Allowed } from '../frame/networks.ts';
import { Refusal } from './refusal.ts';
import type { Target } from './target.ts';
import { browserTurns, chooseX509, rfbVersion, type Turn } from './vencrypt.ts';

/** A connection to the display of a virtual machine. Nothing is read from it before somebody listens. */
export interface Display {
  readonly socket: Socket;
  /** What must be said to the browser before its bytes can pass through. */
  readonly turns: readonly Turn[];
}

export interface DisplayRules {
  readonly allowed: Allowed;
  /** With the certificates that vouch for those of hosts. */
  readonly context: SecureContext;
  readonly verifyName: boolean;
}

const openWithinMs = 10_000;
/** VNC speaks first, SPICE waits for TLS: whoever is silent for so long is taken for the latter. */
const greetingWithinMs = 1_000;

/** Connects to a display, with TLS where the ticket says so. Throws Refusal. */
export async function openDisplay(target: Target, rules: DisplayRules): Promise<Display> {
  const address = await findAddress(target.host, rules.allowed);
  const socket = connect({ host: address, port: target.port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
  const limit = AbortSignal.timeout(openWithinMs);
  const cut = (): void => void socket.destroy();
  limit.addEventListener('abort', cut);
  try {
    await event(socket, 'connect');
    return target.tls ? await secure(socket, target, rules) : { socket, turns: [] };
  } catch (error) {
    socket.destroy();
    const where = `${target.host}, port ${target.port}`;
    if (limit.aborted) throw new Refusal(504, `${where}: no answer within ${openWithinMs / 1000} seconds`, error);
    throw new Refusal(502, `${where}: ${errorFields(error).error}`, error);
  } finally {
    limit.removeEventListener('abort', cut);
  }
}

/** The address is looked up once, judged, and then used: a name that changes its mind in between gains nothing. */
async function findAddress(host: string, allowed: Allowed): Promise<string> {
  const addresses = isIP(host) === 0 ? await lookUp(host) : [host];
  const address = addresses.find(allowed);
  if (address === undefined) throw new Refusal(403, `${host} is not in a network where consoles may be`);
  return address;
}

async function lookUp(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new Refusal(502, `${host} cannot be resolved`, error);
  }
}

async function secure(socket: Socket, target: Target, rules: DisplayRules): Promise<Display> {
  const from = createByteReader(socket);
  const isVnc = await from.speaks(greetingWithinMs);
  if (isVnc) {
    if (!(await from.take(rfbVersion.length)).equals(rfbVersion)) throw new Error('the display does not speak RFB 3.8');
    await chooseX509(socket, from);
  }
  from.release();
  return { socket: await startTls(socket, target.tlsName, rules), turns: isVnc ? browserTurns : [] };
}

async function startTls(socket: Socket, name: string, { context, verifyName }: DisplayRules): Promise<TLSSocket> {
  const secured = connectTls({
    socket,
    secureContext: context,
    minVersion: 'TLSv1.2',
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_, certificate) => (verifyName ? checkServerIdentity(name, certificate) : undefined),
  });
  await event(secured, 'secureConnect');
  return secured;
}

/** Waits for an event of a connection. Throws what ends the connection before. */
function event(socket: Socket, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      socket.off(name, onEvent).off('error', settle).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onEvent = (): void => settle();
    const onClose = (): void => settle(new Error('the connection was closed'));
    socket.once(name, onEvent).once('error', settle).once('close', onClose);
    // Whatever goes wrong later is for whoever uses the connection then, but never for nobody.
    socket.on('error', () => undefined);
  });
}
