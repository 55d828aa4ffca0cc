import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { TestPki } from './pki.ts';

/** What a server says that is asked for single sign-on; null: nothing at all. */
export type Said = { readonly status: number; readonly body: object | string } | null;

export interface SignOnServer {
  readonly port: number;
  /** How often it was asked. */
  readonly asked: () => number;
  /** What it says from now on. */
  say(said: Said): void;
  close(): Promise<void>;
}

/** Whose token a token is that is right. */
export const administrator = { status: 200, body: { user_id: 'admin@internal', access_token: 'a-token' } } as const;

/** A server in the place of an engine, which says what a test wants. It has the certificate `engine` of a test's authority. */
export async function startSignOn(pki: TestPki, certificate = 'engine'): Promise<SignOnServer> {
  let said: Said = administrator;
  let count = 0;
  const [cert, key] = await Promise.all([`${certificate}.pem`, `${certificate}.key`].map((name) => readFile(pki.path(name))));
  const server = createServer({ cert, key }, (request: IncomingMessage, response) => {
    count++;
    request.resume();
    if (said === null) return;
    const { status, body } = said;
    response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked: () => count,
    say: (next) => (said = next),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
