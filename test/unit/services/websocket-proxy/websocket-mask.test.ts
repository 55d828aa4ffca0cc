import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { unmask } from '../../../../src/services/websocket-proxy/websocket-mask.ts';

it('does to each byte what RFC 6455 says, wherever in memory it lies, and to no other', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.nat(9),
      fc.nat(100),
      (memory, mask, from, length) => {
        const piece = (of: Uint8Array) => of.subarray(from, from + length);
        const expected = memory.slice();
        piece(memory).forEach((byte, at) => (piece(expected)[at] = byte ^ mask[at % 4]!));
        const ours = memory.slice();
        unmask(piece(ours), mask);
        expect(ours).toEqual(expected);
      },
    ),
  );
});

it('is what the library uses, to take a mask off and to put one on', async () => {
  const runtime = http as unknown as Record<'websocketMask' | 'websocketUnmask', () => void>;
  const used = [vi.spyOn(runtime, 'websocketMask'), vi.spyOn(runtime, 'websocketUnmask')];
  const { WebSocket, WebSocketServer } = await import('ws');
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const browser = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [socket] = (await connected) as [InstanceType<typeof WebSocket>];
  const heard = once(socket, 'message');
  await once(browser, 'open');
  const bytes = Buffer.from(Array.from({ length: 1_001 }, (_, at) => at % 256));
  browser.send(bytes);
  const [message] = (await heard) as [Buffer];
  expect(message.equals(bytes)).toBe(true);
  for (const one of used) expect(one).toHaveBeenCalled();
  browser.terminate();
  server.close();
});
