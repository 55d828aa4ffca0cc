import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeRoom } from '../../../../src/services/frame/make-room.ts';

let server: Server;
let answers: ServerResponse[] = [];
beforeEach(async () => {
  answers = [];
  server = createServer((_request, response) => answers.push(response));
  makeRoom(server, 2);
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

async function open(): Promise<Socket> {
  const accepted = once(server, 'connection');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await Promise.all([accepted, once(socket, 'connect')]);
  return socket;
}

/** Asks for something, and returns when it has arrived. */
async function ask(socket: Socket): Promise<void> {
  const arrived = once(server, 'request');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await arrived;
}

describe('when there are too many connections', () => {
  it('the one that has asked for nothing for longest makes room', async () => {
    const [first, second] = [await open(), await open()];
    const ended = once(first, 'close');
    const third = await open();
    await ended;
    await ask(second);
    await ask(third);
  });

  it('one whose request never comes to its end makes room, too', async () => {
    const slow = await open();
    const arrived = once(server, 'request');
    slow.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\na');
    await arrived;
    const ended = once(slow, 'close');
    await ask(await open());
    await open();
    await ended;
  });

  it('those that are being answered stay', async () => {
    const busy = await open();
    await ask(busy);
    const silent = await open();
    const ended = once(silent, 'close');
    await open();
    await ended;
    const told = once(busy, 'data');
    answers[0]?.end('done');
    expect(String(await told)).toContain('200 OK');
  });

  it('one that was answered and is kept is cut in its turn', async () => {
    const kept = await open();
    await ask(kept);
    const silent = await open();
    const told = once(kept, 'data');
    answers[0]?.end('done');
    await told;
    const ends = [once(silent, 'close'), once(kept, 'close')];
    await open();
    await ends[0];
    await open();
    await ends[1];
  });
});
