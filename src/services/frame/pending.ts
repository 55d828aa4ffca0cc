import type { Server, Socket } from 'node:net';

/** Connections that one address may have that have not said yet what gives them a place: enough for an office behind one, too few to keep others out. */
const mostOfOneAddress = 64;

export interface Pending {
  /** From now on a connection does not count: it has shown a ticket, or become what it came for. */
  admit(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): void;
}

/** Cuts connections of an address that has too many which only wait. */
export function limitPending(server: Server, most = mostOfOneAddress): Pending {
  const pending = new Map<string, Set<number>>();
  const forget = (address: string, port: number): void => {
    const ports = pending.get(address);
    ports?.delete(port);
    if (ports?.size === 0) pending.delete(address);
  };
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined) return;
    const ports = pending.get(address) ?? new Set();
    if (ports.size >= most) return void socket.destroy();
    pending.set(address, ports.add(port));
    socket.once('close', () => forget(address, port));
  });
  return {
    admit({ remoteAddress, remotePort }) {
      if (remoteAddress !== undefined && remotePort !== undefined) forget(remoteAddress, remotePort);
    },
  };
}
