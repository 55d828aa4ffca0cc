import { chmodSync, mkdirSync, realpathSync, rmSync, statSync, writeSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import { identify } from '../process-table.ts';
import { hold } from './hold.ts';
import { holdLock } from './lock.ts';
import { type Reply, longestLine, parseRequest } from './protocol.ts';
import { writeHolder } from './records.ts';
import { recordDirectory, socketFile } from './sandbox-paths.ts';
import { type Supervise, supervise } from './supervise.ts';

/* The supervisor of a sandbox: `node main.ts ROOT`. It keeps the services running, and outlives the terminal it was started from. */

const requestMs = 10_000;
const presenceMs = 1_000;

const log = (line: string): void => void writeSync(1, `${new Date().toISOString()} ${line}\n`);

/** Reads one request, gives one reply. */
function serve(socket: Socket, answer: Supervise, afterShutdown: () => void): void {
  let line = '';
  socket.setEncoding('utf8');
  socket.setTimeout(requestMs, () => socket.destroy());
  // A client that is gone takes nothing back: what it asked for goes on.
  socket.on('error', () => undefined);
  socket.on('data', (chunk: string) => {
    line += chunk;
    if (line.length > longestLine) socket.destroy();
    if (!line.includes('\n') || socket.destroyed) return;
    socket.removeAllListeners('data').setTimeout(0);
    const request = parseRequest(line.slice(0, line.indexOf('\n')));
    if (request === undefined) return send(socket, { ok: false, message: 'This is not a request' });
    void answer(request).then((reply) => {
      send(socket, reply);
      if (request.op === 'shutdown' && reply.ok) afterShutdown();
    });
  });
}

function send(socket: Socket, reply: Reply): void {
  socket.end(`${JSON.stringify(reply)}\n`);
}

/** Whether a path still leads to the same directory. */
function sameDirectory(path: string): () => boolean {
  const before = statSync(path);
  return () => {
    const now = statSync(path, { throwIfNoEntry: false });
    return now?.ino === before.ino && now.dev === before.dev;
  };
}

async function main(root: string): Promise<void> {
  // A terminal that is closed does not concern us.
  process.on('SIGHUP', () => undefined);
  process.umask(0o077);
  if (!(await holdLock(root))) {
    log('another supervisor is at work');
    return;
  }
  log(`supervisor ${process.pid} of ${root}`);
  const held = hold(root).path;
  const isThere = sameDirectory(root);
  mkdirSync(recordDirectory(held), { recursive: true });
  writeHolder(held, identify(process.pid));
  // Whoever made it is dead: we hold the lock.
  rmSync(socketFile(held), { force: true });

  const answer = supervise(root, held, log);
  const leave = (): void => {
    log('all units are stopped; the supervisor ends');
    rmSync(socketFile(held), { force: true });
    writeHolder(held, undefined);
    clearInterval(watch);
    // The reply may still be on its way; when it is out, nothing keeps this process alive.
    server.close();
  };
  const shutdown = (): void => void answer({ op: 'shutdown' }).then(({ ok }) => (ok ? leave() : undefined));
  // Half open: a client may close its side of the connection once it has asked.
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, answer, leave));
  server.listen(socketFile(held), () => chmodSync(socketFile(held), 0o600));
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, shutdown);
  // A sandbox that was removed must not go on holding ports, which the next one wants.
  const watch = setInterval(() => (isThere() ? undefined : shutdown()), presenceMs);
}

const [, , root] = process.argv;
if (root === undefined) throw new Error('the root of the sandbox is expected');
await main(realpathSync(root));
