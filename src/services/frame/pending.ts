import { type Server, type Socket, isIPv6 } from 'node:net';

/** Connections that one address may have that have not said yet what gives them a place: enough for an office behind one, too few to keep others out. */
const mostOfOneAddress = 64;

export interface Pending {
  /** From now on a connection does not count: it has shown a ticket, or become what it came for. */
  admit(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): void;
}

/** Whom an address stands for: with IPv6 everybody has a network of 2^64 of them, which is one client here. */
export function clientAt(address: string): string {
  if (!isIPv6(address) || address.toLowerCase().startsWith('::ffff:')) return address;
  const [before = '', after = ''] = address.replace(/%.*/, '').split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [head, tail] = [groups(before), groups(after)];
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail].slice(0, 4).join(':');
}

/** The web server of this machine stands for many clients, and has limits of its own. */
const isOfThisMachine = ({ remoteAddress, localAddress }: Socket): boolean => remoteAddress === localAddress;

/** Cuts connections of a client that has too many which only wait. */
export function limitPending(server: Server, most = mostOfOneAddress): Pending {
  const pending = new Map<string, Set<string>>();
  const forget = (address: string, port: number): void => {
    const client = clientAt(address);
    const connections = pending.get(client);
    connections?.delete(`${address} ${port}`);
    if (connections?.size === 0) pending.delete(client);
  };
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined || isOfThisMachine(socket)) return;
    const client = clientAt(address);
    const connections = pending.get(client) ?? new Set();
    if (connections.size >= most) return void socket.destroy();
    pending.set(client, connections.add(`${address} ${port}`));
    socket.once('close', () => forget(address, port));
  });
  return {
    admit({ remoteAddress, remotePort }) {
      if (remoteAddress !== undefined && remotePort !== undefined) forget(remoteAddress, remotePort);
    },
  };
}
