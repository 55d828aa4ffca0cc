import { request } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { type Held, hold } from './supervisor/hold.ts';

/** What a service says of itself on its socket (`/healthz`). */
export interface ServiceHealth {
  readonly service: string;
  readonly version: string;
  readonly state: string;
  readonly checks: Readonly<Record<string, string>>;
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
            resolve(JSON.parse(body) as ServiceHealth);
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
