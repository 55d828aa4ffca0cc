import { once } from 'node:events';
import type { Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../../src/services/frame/listen.ts';
import { tlsProfile } from '../../src/services/frame/tls-profile.ts';
import { createListener } from '../../src/services/websocket-proxy/listener.ts';
import { makePki, type TestPki } from '../support/pki.ts';

let pki: TestPki;
let server: Server;
beforeAll(async () => {
  pki = await makePki();
  const settings = {
    address: '127.0.0.1',
    port: 0,
    certificate: pki.path('proxy.pem'),
    key: pki.path('proxy.key'),
    minVersion: 'TLSv1.2',
    ciphers: tlsProfile.ciphers,
  } as const;
  server = await createListener(settings, 1, 100);
  await listen(server, { host: settings.address, port: settings.port });
});
afterAll(async () => {
  server.close();
  await pki.remove();
});

describe('a connection to the WebSocket proxy', () => {
  it.each([
    ['nothing at all', Buffer.alloc(0)],
    ['the beginning of a handshake', Buffer.of(0x16, 0x03, 0x01)],
  ])('is cut when it sends %s and no more', async (_what, bytes) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    socket.write(bytes);
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });
});
