import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { request } from 'node:http';
import { basename, dirname } from 'node:path';
import { type WholeAnswer, wholeAnswer } from './whole-answer.ts';

const mostBytes = 1024 * 1024;
/** Bytes of an address that the kernel takes. */
const longestAddress = 107;

/**
 * Asks a service of this host over its unix socket. Throws where nobody answers in time.
 * @param body sent as JSON; left out: none
 */
export async function askLocally(
  socketPath: string,
  method: string,
  path: string,
  { body, timeoutMs }: { readonly body?: unknown; readonly timeoutMs: number },
): Promise<WholeAnswer> {
  if (Buffer.byteLength(socketPath) <= longestAddress) return ask(socketPath, method, path, body, timeoutMs);
  // The folder, opened, is reached by a short name whatever its path.
  const folder = await open(dirname(socketPath), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await ask(`/proc/self/fd/${folder.fd}/${basename(socketPath)}`, method, path, body, timeoutMs);
  } finally {
    await folder.close();
  }
}

function ask(socketPath: string, method: string, path: string, body: unknown, timeoutMs: number): Promise<WholeAnswer> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  const headers = content === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) };
  // A connection of its own: the service may have been started anew since the last one.
  const asking = request({ socketPath, method, path, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) });
  return wholeAnswer(asking, content, mostBytes);
}
