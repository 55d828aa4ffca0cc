import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { codeOf } from '../errno.ts';

/**
 * Makes this process the one supervisor of a sandbox, as long as it lives. The lock is a socket in Linux's abstract name space: the
 * kernel gives a name to one process at a time and takes it back from a dead one, so there is no stale lock, and no race for one.
 */
export function holdLock(root: string): Promise<boolean> {
  const { dev, ino } = statSync(root);
  const name = createHash('sha256').update(`${root}\0${dev}:${ino}`).digest('hex');
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (codeOf(error) === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(`\0engine-setup-${name}`, () => resolve(true));
  });
}
