import { chmodSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { codeOf } from '../errno.ts';
import { kernelLock } from '../kernel-lock.ts';
import { identify } from '../process-table.ts';
import { hold } from './hold.ts';
import { patientLog } from './patient-log.ts';
import { type Reply, longestLine, parseRequest } from './protocol.ts';
import { notes as newNotes, writeHolder } from './records.ts';
import { holderFile, recordDirectory, runDirectory, socketFile } from './sandbox-paths.ts';
import { type Supervise, supervise } from './supervise.ts';

/* The supervisor of a sandbox: `node main.ts ROOT`. It keeps the services running, and outlives the terminal it was started from. */

const requestMs = 10_000;
const presenceMs = 1_000;

const { write: log, retry: retryLog } = patientLog();

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

/** Whether a path still leads to the same directory. If that cannot be found out, nothing speaks against it. */
function sameDirectory(path: string): () => boolean {
  const before = statSync(path);
  return () => {
    try {
      const now = statSync(path, { throwIfNoEntry: false });
      return now?.ino === before.ino && now.dev === before.dev;
    } catch {
      return true;
    }
  };
}

/** Removes a file that nobody misses if it stays. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    log(`${path} cannot be removed: ${codeOf(error) ?? String(error)}`);
  }
}

/** Listens at a path as soon as that is possible; until then the units are supervised all the same. Returns what ends it. */
function listenAt(path: string, server: Server): () => void {
  let again: NodeJS.Timeout | undefined;
  const listen = (): void => {
    // Whoever made it is dead: we hold the lock.
    discard(path);
    server.listen(path);
  };
  server.on('listening', () => {
    try {
      chmodSync(path, 0o600);
    } catch (error) {
      // The mask has kept everybody else out already.
      log(`${path}: ${codeOf(error) ?? String(error)}`);
    }
  });
  server.on('error', (error) => {
    log(`${path}: ${codeOf(error) ?? String(error)}`);
    clearTimeout(again);
    // A connection that could not be accepted ends nothing.
    if (!server.listening) again = setTimeout(listen, presenceMs);
  });
  listen();
  return () => {
    clearTimeout(again);
    discard(path);
    server.close();
  };
}

async function main(root: string): Promise<void> {
  // A terminal that is closed does not concern us.
  process.on('SIGHUP', () => undefined);
  process.umask(0o077);
  if ((await kernelLock(runDirectory(root), 'supervisor')) === undefined) {
    log('another supervisor is at work');
    return;
  }
  log(`supervisor ${process.pid} of ${root}`);
  const held = hold(root).path;
  const isThere = sameDirectory(root);
  mkdirSync(recordDirectory(held), { recursive: true });
  const notes = newNotes(log);
  const holder = identify(process.pid);
  if (holder !== undefined) notes.make('the supervisor', () => writeHolder(held, holder));

  const answer = supervise({ root, held, notes, log });
  const leave = (): void => {
    clearInterval(watch);
    log('all units are stopped; the supervisor ends');
    notes.retry();
    retryLog();
    discard(holderFile(held));
    // The reply may still be on its way; when it is out, nothing keeps this process alive.
    hangUp();
  };
  const shutdown = (): void => void answer({ op: 'shutdown' }).then(({ ok }) => (ok ? leave() : undefined));
  // Half open: a client may close its side of the connection once it has asked.
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, answer, leave));
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, shutdown);
  const watch = setInterval(() => {
    notes.retry();
    retryLog();
    // A sandbox that was removed must not go on holding ports, which the next one wants.
    if (!isThere()) shutdown();
  }, presenceMs);
  const hangUp = listenAt(socketFile(held), server);
}

const [, , root] = process.argv;
if (root === undefined) throw new Error('the root of the sandbox is expected');
await main(realpathSync(root));
