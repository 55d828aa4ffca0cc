import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from '../../kit/errors.ts';
import { message } from '../../kit/text.ts';
import { cleanEnvironment } from '../environment.ts';
import { codeOf, fileFailure } from '../errno.ts';
import { isAlive } from '../process-table.ts';
import { makeDirectories } from '../put.ts';
import { type Held, hold } from './hold.ts';
import type { Reply, Request } from './protocol.ts';
import { isSettled, readHolder, readRecords } from './records.ts';
import { logDirectory, runDirectory, socketFile, supervisorLog } from './sandbox-paths.ts';

/** Longer than any unit may take to stop, so only a supervisor that hangs is given up. */
const replyMs = 600_000;
const startMs = 15_000;
const endMs = 15_000;

/** Asks the supervisor; undefined if there is none. */
async function ask(root: string, request: Request): Promise<Reply | undefined> {
  let held: Held | undefined;
  try {
    held = hold(root);
    const path = socketFile(held.path);
    return await new Promise<Reply>((resolve, reject) => {
      let text = '';
      const socket = createConnection(path, () => socket.write(`${JSON.stringify(request)}\n`));
      socket.setEncoding('utf8');
      socket.setTimeout(replyMs, () => socket.destroy(new Error('the supervisor does not answer')));
      socket.on('data', (chunk: string) => (text += chunk));
      socket.on('error', reject);
      socket.on('close', () => {
        if (text.endsWith('\n')) resolve(JSON.parse(text) as Reply);
        else
          reject(
            new SetupError('failed', 'The supervisor ended before it answered', {
              remedy: message`See ${supervisorLog(root)}, then run again.`,
            }),
          );
      });
    });
  } catch (error) {
    // The last one: it was killed this very moment.
    if (['ENOENT', 'ECONNREFUSED', 'ECONNRESET'].includes(codeOf(error) ?? '')) return undefined;
    throw fileFailure('reach the supervisor in', runDirectory(root), error);
  } finally {
    held?.close();
  }
}

/** A process that outlives us and our terminal. It is told nothing but the root. */
async function launch(root: string): Promise<ChildProcess> {
  const cache = process.env['NODE_COMPILE_CACHE'];
  let output: number;
  try {
    await makeDirectories(logDirectory(root));
    await makeDirectories(runDirectory(root));
    output = openSync(supervisorLog(root), 'a', 0o600);
  } catch (error) {
    throw fileFailure('write', supervisorLog(root), error);
  }
  try {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), root], {
      cwd: '/',
      env: { ...cleanEnvironment(), ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) },
      stdio: ['ignore', output, output],
      detached: true,
    });
    child.on('error', () => undefined);
    child.unref();
    return child;
  } finally {
    closeSync(output);
  }
}

const realRoot = async (root: string): Promise<string> => {
  try {
    return await realpath(root);
  } catch (error) {
    throw fileFailure('find', root, error);
  }
};

/** Starts the supervisor of a sandbox if there is none. It takes over what one that was killed left running. */
export async function startSupervisor(sandbox: string): Promise<void> {
  const root = await realRoot(sandbox);
  const deadline = performance.now() + startMs;
  let child: ChildProcess | undefined;
  while ((await ask(root, { op: 'hello' })) === undefined) {
    const failed = (child?.exitCode ?? 0) !== 0 || (child?.signalCode ?? null) !== null;
    if (failed || performance.now() > deadline) {
      throw new SetupError('failed', message`The supervisor of ${root} does not start`, { remedy: message`See ${supervisorLog(root)}.` });
    }
    // It ends by itself if another one holds the lock: one that is just starting, or one that is just ending.
    if (child === undefined || child.exitCode !== null) child = await launch(root);
    await sleep(20);
  }
}

/** Has the supervisor do something; starts one if there is none. */
export async function demand(sandbox: string, request: Request): Promise<void> {
  const root = await realRoot(sandbox);
  await startSupervisor(root);
  const reply = await ask(root, request);
  if (reply?.ok === true) return;
  throw new SetupError('failed', reply?.message ?? 'The supervisor ended', {
    remedy: reply?.remedy ?? message`See ${supervisorLog(root)}.`,
  });
}

/** Stops all units, the last one started first, and ends the supervisor. Also finds what a killed supervisor left running. */
export async function stopSupervisor(sandbox: string): Promise<void> {
  const root = await realpath(sandbox).catch(() => undefined);
  if (root === undefined) return;
  const someRun = readRecords(root).some((record) => !isSettled(record));
  if (!someRun && (await ask(root, { op: 'hello' })) === undefined) return;
  await startSupervisor(root);
  const holder = readHolder(root);
  await demand(root, { op: 'shutdown' });
  const deadline = performance.now() + endMs;
  while (holder !== undefined && isAlive(holder)) {
    if (performance.now() > deadline) throw new SetupError('failed', message`The supervisor, process ${holder.pid}, does not end`);
    await sleep(20);
  }
}
