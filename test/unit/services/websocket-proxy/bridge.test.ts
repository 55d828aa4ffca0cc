import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { bridge } from '../../../../src/services/websocket-proxy/bridge.ts';

/** A display that takes nothing until it is told to, and remembers how many messages each write brought. */
class Display extends Duplex {
  readonly writes: number[] = [];
  taken: () => void = () => undefined;
  override _read(): void {
    // It says nothing.
  }
  override _write(_bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(1);
    this.taken = done;
  }
  override _writev(all: readonly unknown[], done: () => void): void {
    this.writes.push(all.length);
    this.taken = done;
  }
}

class Browser extends EventEmitter {
  isPaused = false;
  readonly bufferedAmount = 0;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

function makeBridge() {
  const [browser, display] = [new Browser(), new Display()];
  bridge(browser as unknown as WebSocket, display as unknown as Socket, 'binary', []);
  return { browser, display, say: (size: number) => void browser.emit('message', Buffer.alloc(size), true) };
}

it('writes small messages of one turn together, and those of the next by themselves', async () => {
  const { display, say } = makeBridge();
  for (const size of [10, 2048, 300]) say(size);
  expect(display.writes).toEqual([]);
  await turn();
  expect(display.writes).toEqual([3]);
  display.taken();
  say(5);
  await turn();
  expect(display.writes).toEqual([3, 1]);
});

it('lets a large message go at once', () => {
  const { display, say } = makeBridge();
  say(65_536);
  expect(display.writes).toEqual([1]);
});

it('reads a browser no further once 256 KB wait for the display, and again when it has taken them', async () => {
  const { browser, display, say } = makeBridge();
  for (let count = 0; count < 4; count++) say(65_536);
  expect(browser.isPaused).toBe(false);
  say(1);
  expect(browser.isPaused).toBe(true);
  display.taken();
  await turn();
  expect(browser.isPaused).toBe(true);
  display.taken();
  await turn();
  expect(browser.isPaused).toBe(false);
});
