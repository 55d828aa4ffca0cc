import { existsSync, readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import type { Trial } from './trial.ts';

/** Whether the client is here that everybody has. */
export const hasCurl = (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, 'curl')));

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Asks the engine of a trial over TLS, trusting its CA and nothing else. */
export function request(
  trial: Trial,
  path: string,
  more: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const ca = readFileSync(join(trial.root, 'etc/pki/ovirt-engine/ca.pem'));
  return new Promise((resolve, reject) => {
    const asked = httpsRequest(
      {
        host: 'localhost',
        port: trial.httpsPort,
        path,
        ca,
        agent: false,
        method: more.method ?? 'GET',
        headers: more.headers ?? {},
        timeout: 10_000,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end(more.body);
  });
}
