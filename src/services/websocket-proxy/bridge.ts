import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { fromBase64, type Subprotocol } from './subprotocol.ts';
import { playTurns } from './turns.ts';
import type { Turn } from './vencrypt.ts';

/** How a console ended, and what went through it. */
export interface Outcome {
  readonly reason: string;
  readonly toBrowser: number;
  readonly toDisplay: number;
}

/** An open console. */
export interface Bridge {
  readonly ended: Promise<Outcome>;
  /** Closes the console with a code of RFC 6455; the reason is for the log. */
  close(code: number, reason: string): void;
  /** Called now and then: cuts a browser that has gone silent. */
  probe(): void;
}

/** Bytes that may wait for one side before the other is read no further. */
const mostWaiting = 256 * 1024;
/** Messages below this size are written together: each write of its own would cost more than what it carries. */
const smallBytes = 16 * 1024;
/** What was not taken by then is lost. */
const closeWithinMs = 5_000;
/** Probes that may go by without a sign of life; a browser that is not read, because its display takes nothing, cannot give one. */
const mostSilent = { whileRead: 2, whileNot: 10 } as const;

/** Carries bytes between a browser and a display until one of them ends. Neither is read faster than the other takes it. */
export function bridge(browser: WebSocket, display: Socket, subprotocol: Subprotocol, turns: readonly Turn[]): Bridge {
  let [toBrowser, toDisplay] = [0, 0];
  let reason: string | null = null;
  let silent = 0;
  const ended = Promise.withResolvers<Outcome>();

  const close = (code: number, why: string): void => {
    if (reason !== null) return;
    reason = why;
    display.destroy();
    // The answer to the closing frame has to be read.
    browser.resume();
    browser.close(code);
    setTimeout(() => browser.terminate(), closeWithinMs).unref();
  };

  const sent = (): void => {
    if (display.isPaused() && browser.bufferedAmount <= mostWaiting / 2) display.resume();
  };
  const send = (bytes: Buffer): void => {
    toBrowser += bytes.length;
    if (subprotocol === 'binary') browser.send(bytes, sent);
    else browser.send(bytes.toString('base64'), sent);
    if (browser.bufferedAmount > mostWaiting) display.pause();
  };
  const deliver = (bytes: Buffer): void => {
    if (bytes.length === 0) return;
    toDisplay += bytes.length;
    if (bytes.length < smallBytes && display.writableCorked === 0) {
      // A stream has no borders of messages: what arrives in one turn of the event loop may leave in one write.
      display.cork();
      setImmediate(() => display.uncork());
    }
    display.write(bytes);
    if (display.writableLength > mostWaiting) browser.pause();
  };

  // The display is heard only when the browser has said what it must.
  const conversation = playTurns(turns, (bytes) => send(bytes));
  let receive = (bytes: Buffer): void => {
    const rest = conversation.hear(bytes);
    if (rest === null) return;
    receive = deliver;
    display.on('data', send);
    deliver(rest);
  };
  if (turns.length === 0) receive(Buffer.alloc(0));

  browser.on('message', (data: Buffer, isBinary) => {
    silent = 0;
    if (isBinary !== (subprotocol === 'binary')) return close(1003, `the browser does not speak ${subprotocol}`);
    try {
      receive(isBinary ? data : fromBase64(data.toString()));
    } catch (error) {
      close(1008, error instanceof Error ? error.message : 'the browser sent something else than expected');
    }
  });
  browser.on('pong', () => (silent = 0));
  browser.on('error', (error) => (reason ??= `the browser: ${error.message}`));
  browser.on('close', (code) => {
    reason ??= `the browser closed (${code})`;
    // What the browser has sent last still goes to the display.
    display.destroySoon();
    setTimeout(() => display.destroy(), closeWithinMs).unref();
    ended.resolve({ reason, toBrowser, toDisplay });
  });
  display.on('drain', () => browser.resume());
  display.on('error', (error) => close(1011, `the display: ${error.message}`));
  display.on('end', () => close(1000, 'the display closed'));
  display.on('close', () => close(1011, 'the display was cut off'));

  return {
    ended: ended.promise,
    close,
    probe() {
      silent++;
      if (silent > (browser.isPaused ? mostSilent.whileNot : mostSilent.whileRead)) {
        reason ??= 'the browser does not answer';
        browser.terminate();
      } else browser.ping();
    },
  };
}
