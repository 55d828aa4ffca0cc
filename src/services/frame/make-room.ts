import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Lets connections on which nothing is being answered make room for new ones: when more than `most` are open, the one that has
 * been idle for longest is cut, be it that it is kept for later, or that the whole of its request has not come yet. So whoever only
 * holds connections keeps nobody out.
 */
export function makeRoom(server: Server, most: number): void {
  /** By the address of the other end, which a connection has in common with the TLS inside of it. In the order in which they became idle. */
  const idle = new Map<string, Socket>();
  let open = 0;

  server.on('connection', (socket: Socket) => {
    const end = endOf(socket);
    open++;
    idle.set(end, socket);
    socket.once('close', () => {
      open--;
      idle.delete(end);
    });
    if (open <= most) return;
    const [longest] = idle.values();
    longest?.destroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const end = endOf(request.socket);
    const connection = idle.get(end);
    if (connection === undefined) return;
    if (hasBody(request)) request.once('end', () => idle.delete(end));
    else idle.delete(end);
    response.once('close', () => {
      idle.delete(end);
      if (!connection.destroyed) idle.set(end, connection);
    });
  });
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

const endOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
