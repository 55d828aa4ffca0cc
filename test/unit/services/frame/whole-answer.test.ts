import { once } from 'node:events';
import { createServer, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { wholeAnswer } from '../../../../src/services/frame/whole-answer.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Asks a server that answers so. */
async function ask(answer: RequestListener, body?: string, timeoutMs = 4_000) {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return wholeAnswer(request({ port, method: 'POST', agent: false, signal: AbortSignal.timeout(timeoutMs) }), body, 1_000);
}

describe('a whole answer', () => {
  it('has status and text, in one piece however it comes, and the body was sent', async () => {
    const answer = await ask((incoming, response) => {
      incoming.on('data', (piece: Buffer) => {
        response.statusCode = 201;
        const bytes = Buffer.from(`ä${piece.toString()}`);
        response.write(bytes.subarray(0, 1));
        setTimeout(() => response.end(bytes.subarray(1)), 5);
      });
    }, 'sent');
    expect(answer).toEqual({ status: 201, body: 'äsent' });
  });

  it('may have nothing in it, and be one to nothing', async () => {
    expect(await ask((_incoming, response) => void response.writeHead(204).end())).toEqual({ status: 204, body: '' });
  });

  it.each<[string, RequestListener, RegExp]>([
    ['is too long', (_incoming, response) => void response.end('x'.repeat(1_001)), /too long/],
    [
      'breaks off',
      (_incoming, response) => void response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
      /aborted/,
    ],
    ['does not begin', (incoming) => void incoming.socket.destroy(), /hang up|ECONNRESET/],
  ])('is none where it %s', async (_what, answer, why) => {
    await expect(ask(answer)).rejects.toThrow(why);
  });

  it('is none where it does not come in time, also in the middle', async () => {
    await expect(ask(() => undefined, undefined, 30)).rejects.toMatchObject({ name: 'AbortError' });
    await expect(ask((_incoming, response) => void response.write('x'), undefined, 30)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
