import { type AddressInfo, type Server, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { answersSsh } from '../../../../src/setup/host/ssh-banner.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

/** Asks a server that says something, or nothing, to whoever connects. */
const ask = async (says: string): Promise<boolean> => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (says !== '') socket.write(says);
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return answersSsh({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, timeoutMs: 300 });
};

test.each([
  ['SSH-2.0-OpenSSH_9.2\r\n', true],
  ['Authorized users only\r\nSSH-2.0-x\r\n', true],
  ['HTTP/1.1 400 Bad Request\r\n', false],
  ['', false],
  ['x'.repeat(20_000), false],
])('a server that says %j', async (says, wanted) => {
  expect(await ask(says)).toBe(wanted);
});

test('a port where nobody listens, and a name that does not resolve', async () => {
  expect(await answersSsh({ host: '127.0.0.1', port: 1, timeoutMs: 300 })).toBe(false);
  expect(await answersSsh({ host: 'nowhere.invalid', port: 22, timeoutMs: 2000 })).toBe(false);
});
