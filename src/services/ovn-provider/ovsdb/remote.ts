import { connect, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { readServer } from '../../frame/servers.ts';
import { OvnTimeout } from './failures.ts';

/** Where an OVSDB server is (ovsdb(7), connection methods). */
export type Remote =
  { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'ssl'; readonly host: string; readonly port: number };

/** Reads `ssl:HOST:PORT` or `unix:PATH`, or several of them with commas between; null for anything else, also for `tcp:`, which has no TLS. */
export function readRemotes(text: string): readonly Remote[] | null {
  const remotes = text.split(',').map((one) => readRemote(one.trim()));
  return remotes.every((one) => one !== null) ? remotes : null;
}

function readRemote(text: string): Remote | null {
  const path = /^unix:(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const server = text.startsWith('ssl:') ? readServer(text.slice('ssl:'.length)) : undefined;
  return server?.port === undefined ? null : { kind: 'ssl', host: server.host, port: server.port };
}

export const nameOf = (remote: Remote): string =>
  remote.kind === 'unix' ? `unix:${remote.path}` : `ssl:${isIPv6(remote.host) ? `[${remote.host}]` : remote.host}:${remote.port}`;

/**
 * Connects. With TLS both sides prove that the authority of the context has signed them; the name in the certificate is not compared, since
 * the server is reached by its address, as everybody does who speaks to it.
 * @param context our certificate, and the authority; null where no remote has TLS
 * @param withinMs how long it may take
 */
export async function connectRemote(remote: Remote, context: SecureContext | null, withinMs: number): Promise<Socket> {
  const socket =
    remote.kind === 'unix'
      ? connect({ path: remote.path })
      : connectTls({
          host: remote.host,
          port: remote.port,
          checkServerIdentity: () => undefined,
          ...(context === null ? {} : { secureContext: context }),
        });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => reject(new OvnTimeout(`no connection within ${withinMs / 1000} s`)), withinMs);
  socket.once(remote.kind === 'unix' ? 'connect' : 'secureConnect', () => resolve(undefined));
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the connection was closed')));
  try {
    await promise;
    socket.setNoDelay(true);
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    socket.off('error', reject);
  }
}
