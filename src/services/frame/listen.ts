import type { ListenOptions, Server } from 'node:net';

/** Has a server listen: at an address and port, or at the path of a socket. Throws when it cannot. */
export function listen(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
