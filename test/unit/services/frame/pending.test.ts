import { EventEmitter } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { clientAt, limitPending } from '../../../../src/services/frame/pending.ts';

describe('whom an address stands for', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
    ['2001:db8:1:2:a:b:c:d', '2001:db8:1:2'],
    ['2001:db8:1:2::1', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['2001:db8:1:2:3::', '2001:db8:1:2'],
  ])('%s', (address, client) => {
    expect(clientAt(address)).toBe(client);
  });
});

describe('connections that only wait', () => {
  let port = 1000;
  const visit = (server: EventEmitter, remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      remotePort: port++,
      localAddress: '192.0.2.1',
      destroyed: false,
      destroy: () => (socket.destroyed = true),
    });
    server.emit('connection', socket);
    return socket;
  };
  const limited = () => {
    const server = createServer();
    return { server, pending: limitPending(server, 2) };
  };

  test('are counted for a client, whatever addresses of its network it has', () => {
    const { server } = limited();
    const addresses = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1', '192.0.2.7', '192.0.2.8', '192.0.2.9'];
    expect(addresses.filter((address) => visit(server, address).destroyed)).toEqual(['2001:db8::3']);
  });

  test('give their place back when they end, and when they are admitted', () => {
    const { server, pending } = limited();
    const [first, second] = [visit(server, '192.0.2.7'), visit(server, '192.0.2.7')];
    expect(visit(server, '192.0.2.7').destroyed).toBe(true);
    first.emit('close');
    pending.admit(second);
    expect([1, 2, 3].map(() => visit(server, '192.0.2.7').destroyed)).toEqual([false, false, true]);
  });

  test('are not counted for the web server of this machine, behind which many are', () => {
    const { server } = limited();
    expect([1, 2, 3].map(() => visit(server, '192.0.2.1').destroyed)).toEqual([false, false, false]);
  });
});
