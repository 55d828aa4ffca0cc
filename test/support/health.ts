import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/** What a service says of itself at its health socket. */
export async function healthAt(socketPath: string): Promise<unknown> {
  const sent = request({ socketPath, path: '/healthz', agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return JSON.parse((await response.toArray()).join(''));
}
