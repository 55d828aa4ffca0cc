import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/** Connections that one address may have that are not consoles yet: enough for an office behind one, too few to keep others out. */
const mostOfOneAddress = 64;

/** Cuts connections of an address that has too many which have not asked for a console yet. */
export function limitPending(server: Server, most = mostOfOneAddress): void {
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
  server.on('upgrade', ({ socket: { remoteAddress, remotePort } }) => {
    if (remoteAddress !== undefined && remotePort !== undefined) forget(remoteAddress, remotePort);
  });
}
