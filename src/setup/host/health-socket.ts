import { request } from 'node:http';
import { basename, dirname, join } from 'node:path';
import type { ServiceHealth } from '../kit/host.ts';
import { printable } from './printable.ts';
import { type Held, hold } from './supervisor/hold.ts';

function plain(text: unknown): string {
  if (typeof text !== 'string') throw new TypeError('not the answer of a service');
  return printable(text);
}

/** Reads an answer. Throws where it is none. */
function parse(body: string): ServiceHealth {
  const { service, version, state, checks = {} } = JSON.parse(body) as Record<keyof ServiceHealth, unknown>;
  const results = Object.entries(checks as object).map(([name, result]) => [plain(name), plain(result)] as const);
  return { service: plain(service), version: plain(version), state: plain(state), checks: Object.fromEntries(results) };
}

/**
 * Asks a service over its unix socket; undefined if it does not answer.
 * @param path real path of the socket; it may be longer than the 108 bytes that the kernel allows, so the way leads through its directory
 */
export async function askHealth(path: string, timeoutMs = 2000): Promise<ServiceHealth | undefined> {
  let directory: Held;
  try {
    directory = hold(dirname(path));
  } catch {
    return undefined;
  }
  try {
    return await new Promise<ServiceHealth | undefined>((resolve) => {
      const options = {
        socketPath: join(directory.path, basename(path)),
        path: '/healthz',
        timeout: timeoutMs,
        agent: false,
      } as const;
      const asked = request(options, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
          if (body.length > 65_536) asked.destroy();
        });
        response.on('close', () => {
          try {
            resolve(parse(body));
          } catch {
            resolve(undefined);
          }
        });
      });
      asked.on('timeout', () => asked.destroy());
      asked.on('error', () => resolve(undefined));
      asked.end();
    });
  } finally {
    directory.close();
  }
}
