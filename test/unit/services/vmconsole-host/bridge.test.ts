import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bridge } from '../../../../src/services/vmconsole-host/bridge.ts';
import { consoleFolder, consoleSocket } from '../../../../src/services/vmconsole-host/console-socket.ts';

const vm = '11111111-1111-4111-8111-111111111111';

describe('the words of the proxy', () => {
  test('name one console', () => expect(consoleSocket(`connect --console=${vm}.sock`)).toBe(`${consoleFolder}/${vm}.sock`));

  test.each([
    '',
    'connect',
    'id',
    `connect --console=../${vm}.sock`,
    `connect --console=${vm}.sock; id`,
    `connect --console=${vm}`,
    `connect --console=${vm}.sock\n`,
  ])('are no such command: %j', (words) => expect(consoleSocket(words)).toBeUndefined());
});

describe('a bridge', () => {
  let folder = '';
  let server: Server;
  let path = '';
  let console: Promise<Socket>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmconsole-'));
    path = join(folder, 'console.sock');
    server = createServer();
    console = once(server, 'connection').then(([socket]) => socket as Socket);
    await once(server.listen(path), 'listening');
  });
  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  const open = () => {
    const [input, output, gone] = [new PassThrough(), new PassThrough(), new AbortController()];
    return { input, output, gone, ended: bridge(path, { input, output, gone: gone.signal }) };
  };

  test('carries bytes both ways, until the console closes', async () => {
    const { input, output, ended } = open();
    const socket = await console;
    input.write(Buffer.of(3, 0, 255));
    expect((await once(socket, 'data'))[0]).toEqual(Buffer.of(3, 0, 255));
    socket.end('bye');
    expect(String((await once(output, 'data'))[0])).toBe('bye');
    await ended;
    expect(output.writableEnded).toBe(false);
  });

  test.each(['its end', 'an error', 'a signal'])('ends with its terminal: by %s', async (how) => {
    const { input, gone, ended } = open();
    const socket = await console;
    if (how === 'its end') input.end();
    else if (how === 'an error') input.destroy(new Error('EIO'));
    else gone.abort();
    await ended;
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });

  test('is refused where there is no console', async () => {
    await expect(
      bridge(join(folder, 'none'), { input: new PassThrough(), output: new PassThrough(), gone: new AbortController().signal }),
    ).rejects.toThrow('ENOENT');
  });
});
