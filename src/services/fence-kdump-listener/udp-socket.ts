import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

export interface UdpSocket {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export type Receive = (datagram: Buffer, address: string, port: number) => void;

/**
 * Opens a socket for datagrams. The address `::` takes IPv4 as well; where the system has no IPv6, it takes IPv4 alone.
 * Throws when the address cannot be had. `failed` is called when the socket breaks later.
 */
export async function openUdpSocket(
  { address, port }: { readonly address: string; readonly port: number },
  receive: Receive,
  failed: (error: Error) => void,
): Promise<UdpSocket> {
  const socket = await bound(address, port).catch((error: unknown) => {
    if (address === '::' && hasNoIpv6(error)) return bound('0.0.0.0', port);
    throw error;
  });
  socket.on('message', (datagram, from) => receive(datagram, from.address, from.port));
  socket.on('error', failed);
  const at = socket.address();
  return {
    address: at.address,
    port: at.port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

async function bound(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
  try {
    socket.bind({ address, port, exclusive: true });
    await once(socket, 'listening');
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

const hasNoIpv6 = (error: unknown): boolean => /^(EAFNOSUPPORT|EADDRNOTAVAIL)$/.test((error as NodeJS.ErrnoException).code ?? '');
