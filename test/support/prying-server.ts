import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** What a server of PostgreSQL says to ask for a password: in clear, or for its MD5. */
const requests = { cleartext: [3], md5: [5, 1, 2, 3, 4] } as const;

/** A program that listens in place of PostgreSQL, asks for the password in a way that gives it away, and keeps all that it is told. */
export async function pryingServer(way: keyof typeof requests): Promise<{ port: number; heard(): string; close(): void }> {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      heard.push(data);
      const [kind, ...salt] = requests[way];
      if (heard.length === 1) socket.write(Buffer.from(['R'.charCodeAt(0), 0, 0, 0, 8 + salt.length, 0, 0, 0, kind, ...salt]));
      // Whoever gives in is done with.
      else socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, heard: () => Buffer.concat(heard).toString('latin1'), close: () => void server.close() };
}
