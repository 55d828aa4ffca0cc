import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { makeConsoleTicket } from '../../src/services/engine/consoles/console-ticket.ts';
import { askHealth } from '../../src/setup/host/health-socket.ts';
import { makePki, type TestPki } from '../support/pki.ts';
import { eventually } from '../support/trial.ts';
import { type TestProxy, outcomeOf, startProxy } from '../support/websocket-proxy.ts';

let pki: TestPki;
let proxy: TestProxy;
const displays: Server[] = [];

beforeAll(async () => {
  pki = await makePki();
  proxy = await startProxy(pki);
});
afterAll(async () => {
  await proxy.end();
  await pki.remove();
});
afterEach(() => {
  for (const display of displays.splice(0)) display.close();
});

const listening = async (display: Server): Promise<number> => {
  displays.push(display);
  await once(display.listen(0, '127.0.0.1'), 'listening');
  return (display.address() as AddressInfo).port;
};
const quiet = (socket: Socket): Socket => socket.on('error', () => undefined);
/** A display that says back whatever it hears. */
const echo = (): Promise<number> => listening(createServer((socket) => void quiet(socket).pipe(socket)));
const echoWithTls = async (name: string): Promise<number> => {
  const [cert, key] = await Promise.all([readFile(pki.path(`${name}.pem`)), readFile(pki.path(`${name}.key`))]);
  return listening(createTlsServer({ cert, key }, (socket) => void quiet(socket).pipe(socket)).on('tlsClientError', () => undefined));
};
const answerOf = async (browser: WebSocket): Promise<string> => String(((await once(browser, 'message')) as [Buffer])[0]);
const closeOf = async (browser: WebSocket): Promise<number> => ((await once(browser, 'close')) as [number])[0];
const plain = (port: number) => ({ host: '127.0.0.1', port, tls: false });

describe('a console', () => {
  test('carries bytes both ways, as binary messages', async () => {
    const browser = proxy.connect(await pki.ticket(plain(await echo())));
    expect(await outcomeOf(browser)).toBe('open');
    expect(browser.protocol).toBe('binary');
    browser.send(Buffer.from('hello'));
    expect(await answerOf(browser)).toBe('hello');
    browser.close();
    await closeOf(browser);
    await proxy.sees('"toBrowser":5,"toDisplay":5');
  });

  test('carries them as base64 where a browser wants that', async () => {
    const browser = proxy.connect(await pki.ticket(plain(await echo())), ['base64']);
    expect(await outcomeOf(browser)).toBe('open');
    browser.send(Buffer.from('hello').toString('base64'));
    expect(await answerOf(browser)).toBe(Buffer.from('hello').toString('base64'));
    browser.send('not base64!');
    expect(await closeOf(browser)).toBe(1008);
  });

  test('ends when the display does, and the other way round', async () => {
    const server = createServer((socket) => quiet(socket).resume());
    const port = await listening(server);
    /** Both ends of a new console: a browser may be told that it is open before this process sees the display's connection. */
    const open = async (): Promise<[WebSocket, Socket]> => {
      const connected = once(server, 'connection');
      const browser = proxy.connect(await pki.ticket(plain(port)));
      await outcomeOf(browser);
      const [shown] = (await connected) as [Socket];
      return [browser, shown];
    };
    const [browser, shown] = await open();
    shown.end();
    expect(await closeOf(browser)).toBe(1000);

    const [other, last] = await open();
    const ended = once(last, 'end');
    other.send(Buffer.from('last words'));
    other.terminate();
    await ended;
  });

  test('refuses messages of another kind than agreed, and those that are too long', async () => {
    const port = await echo();
    const browser = proxy.connect(await pki.ticket(plain(port)));
    await outcomeOf(browser);
    browser.send('text');
    expect(await closeOf(browser)).toBe(1003);
    const other = proxy.connect(await pki.ticket(plain(port)));
    await outcomeOf(other);
    other.send(Buffer.alloc(2 ** 20 + 1));
    expect(await closeOf(other)).toBe(1009);
  });

  test('reads a display no faster than the browser takes it, and loses nothing', async () => {
    const total = 64 * 2 ** 20;
    let written = 0;
    const port = await listening(
      createServer((socket) => {
        quiet(socket);
        const chunk = Buffer.alloc(65_536, 7);
        const more = (): void => {
          while (written < total) {
            written += chunk.length;
            if (!socket.write(chunk)) return;
          }
          socket.end();
        };
        socket.on('drain', more);
        more();
      }),
    );
    const browser = proxy.connect(await pki.ticket(plain(port)));
    let read = 0;
    browser.on('message', (data: Buffer) => (read += data.length));
    await outcomeOf(browser);
    browser.pause();
    // Buffers of the kernel and of both programs fill up, then the display has to wait.
    let before = -1;
    await eventually('the display waits', async () => {
      const same = written === before;
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return same && written === before;
    });
    expect(written).toBeLessThan(total);
    browser.resume();
    await closeOf(browser);
    expect(read).toBe(total);
  });

  test('reads a browser no faster than the display takes it, and loses nothing', async () => {
    let shown: Socket | undefined;
    let read = 0;
    const port = await listening(createServer({ pauseOnConnect: true }, (socket) => (shown = quiet(socket))));
    const browser = proxy.connect(await pki.ticket(plain(port)));
    await outcomeOf(browser);
    const chunk = Buffer.alloc(65_536, 7);
    for (let count = 0; count < 512; count++) browser.send(chunk);
    await eventually('the display is connected', () => shown !== undefined);
    let before = -1;
    await eventually('the browser waits', async () => {
      const same = browser.bufferedAmount === before;
      before = browser.bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return same && browser.bufferedAmount === before;
    });
    expect(browser.bufferedAmount).toBeGreaterThan(0);
    shown?.on('data', (data) => (read += data.length)).resume();
    await eventually('all has arrived', () => read === 512 * chunk.length);
    browser.terminate();
  });
});

describe('a display with TLS', () => {
  test('is reached when the authority vouches for its certificate', async () => {
    const browser = proxy.connect(await pki.ticket({ host: '127.0.0.1', port: await echoWithTls('host'), tls: true }));
    expect(await outcomeOf(browser)).toBe('open');
    browser.send(Buffer.from('hello'));
    expect(await answerOf(browser)).toBe('hello');
    browser.terminate();
  });

  test('may bear another name, if the ticket says which', async () => {
    const port = await echoWithTls('elsewhere');
    const named = { host: '127.0.0.1', port, tls: true, tlsName: 'elsewhere.example.net' };
    const browser = proxy.connect(await pki.ticket(named));
    expect(await outcomeOf(browser)).toBe('open');
    browser.terminate();
    expect(await outcomeOf(proxy.connect(await pki.ticket({ ...named, tlsName: 'host.example.net' })))).toBe(502);
    expect(await outcomeOf(proxy.connect(await pki.ticket({ host: '127.0.0.1', port, tls: true })))).toBe(502);
  });

  test('is refused when another authority vouches for it', async () => {
    const port = await echoWithTls('stranger');
    expect(await outcomeOf(proxy.connect(await pki.ticket({ host: '127.0.0.1', port, tls: true })))).toBe(502);
  });

  test('that stops in the middle of its greeting does not stop others', async () => {
    const port = await listening(createServer((socket) => void quiet(socket).write('RFB 003')));
    const waiting = proxy.connect(await pki.ticket({ host: '127.0.0.1', port, tls: true }));
    const refused = outcomeOf(waiting);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const browser = proxy.connect(await pki.ticket(plain(await echo())));
    expect(await outcomeOf(browser)).toBe('open');
    browser.terminate();
    expect(await refused).toBe(504);
  });
});

describe('no console is opened', () => {
  test('with a ticket that was used before', async () => {
    const ticket = await pki.ticket(plain(await echo()));
    const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(proxy.connect(ticket))));
    expect(outcomes.sort()).toEqual([403, 403, 'open']);
  });

  test('with a ticket that somebody else has signed, whatever certificate it carries', async () => {
    const certificate = await readFile(pki.path('host.pem'), 'utf8');
    const ticket = makeConsoleTicket(plain(await echo()), { key: await pki.key('host'), certificate }, Date.now(), 120);
    expect(await outcomeOf(proxy.connect(ticket))).toBe(403);
  });

  test('with a ticket that has expired', async () => {
    const key = await pki.key('engine');
    const ticket = makeConsoleTicket(plain(await echo()), { key, certificate: '' }, Date.now() - 180_000, 120);
    expect(await outcomeOf(proxy.connect(ticket))).toBe(403);
  });

  test('to a display that is not there', async () => {
    expect(await outcomeOf(proxy.connect(await pki.ticket(plain(1))))).toBe(502);
  });

  test('without a subprotocol that is known', async () => {
    expect(await outcomeOf(proxy.connect(await pki.ticket(plain(await echo())), ['chat']))).toBe(400);
  });

  test('to this machine itself, unless its configuration says so', async () => {
    const other = await startProxy(pki, { TARGET_NETWORKS: '' });
    const port = await echo();
    for (const host of ['127.0.0.1', 'localhost', '::1', '0.0.0.0'])
      expect(await outcomeOf(other.connect(await pki.ticket({ host, port, tls: false })))).toBe(403);
    await other.end();
  });

  test('when as many are open as may be', async () => {
    const other = await startProxy(pki, { MAX_CONSOLES: '2' });
    const port = await echo();
    const held = [other.connect(await pki.ticket(plain(port))), other.connect(await pki.ticket(plain(port)))];
    for (const browser of held) expect(await outcomeOf(browser)).toBe('open');
    expect(await outcomeOf(other.connect(await pki.ticket(plain(port))))).toBe(503);
    held[0]?.terminate();
    await other.sees('"message":"console closed"');
    const next = other.connect(await pki.ticket(plain(port)));
    expect(await outcomeOf(next)).toBe('open');
    await other.end();
  });
});

describe('the listener', () => {
  const handshake = async (...args: readonly string[]) =>
    execa('openssl', ['s_client', '-connect', `127.0.0.1:${proxy.port}`, '-CAfile', pki.path('ca.pem'), '-verify_return_error', ...args], {
      input: '',
      reject: false,
    });

  test('speaks TLS 1.2 and 1.3 with a certificate of the authority, and nothing older or weaker', async () => {
    expect((await handshake('-tls1_3')).stdout).toContain('Verify return code: 0 (ok)');
    expect((await handshake('-tls1_2')).stdout).toContain('Verify return code: 0 (ok)');
    expect((await handshake('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')).exitCode).not.toBe(0);
    expect((await handshake('-tls1_2', '-cipher', 'AES128-SHA')).exitCode).not.toBe(0);
    expect((await handshake('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA')).exitCode).not.toBe(0);
  });

  /** Sends bytes and returns what comes back until the connection ends. */
  const exchange = (bytes: string | Buffer): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connectTls({ host: '127.0.0.1', port: proxy.port, ca: pki.ca }, () => void socket.write(bytes));
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer));
    });
  const upgrade = (path: string, ...more: readonly string[]): string =>
    [`GET /${path} HTTP/1.1`, 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade', ...more, '', ''].join('\r\n');

  test('tells whoever comes without a WebSocket to come with one', async () => {
    expect(await exchange('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 426 /);
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['no HTTP', '\0\0\0\0', /^HTTP\/1\.1 400 /],
    ['a header without an end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}`, /^HTTP\/1\.1 4\d\d /],
    ['a ticket that is none', upgrade('ticket'), /^HTTP\/1\.1 403 /],
    ['a path with a broken percent code', upgrade('%zz'), /^HTTP\/1\.1 403 /],
    ['a path that climbs', upgrade('../../etc/passwd'), /^HTTP\/1\.1 403 /],
    ['a path of fifteen kilobytes', upgrade('A'.repeat(15_000)), /^HTTP\/1\.1 403 /],
  ])('survives %s', async (_, bytes, answer) => {
    expect(await exchange(bytes)).toMatch(answer);
    expect((await askHealth(proxy.healthSocket))?.state).toBe('ready');
  });

  test('opens no console for a handshake that is incomplete, although its ticket is right', async () => {
    const ticket = encodeURIComponent(await pki.ticket(plain(await echo())));
    expect(await exchange(upgrade(ticket, 'Sec-WebSocket-Version: 13'))).toMatch(/^HTTP\/1\.1 400 /);
    expect(await exchange(upgrade(encodeURIComponent(await pki.ticket(plain(await echo()))), 'Sec-WebSocket-Key: x'))).toMatch(
      /^HTTP\/1\.1 4/,
    );
  });

  test('has room for others when one address holds many connections open without asking for anything', async () => {
    const held = Array.from({ length: 80 }, () => quiet(connect({ host: '127.0.0.1', port: proxy.port, localAddress: '127.0.0.9' })));
    held.forEach((socket) => socket.resume());
    await eventually('those too many are cut', () => held.filter((socket) => socket.closed).length === 80 - 64);
    const browser = proxy.connect(await pki.ticket(plain(await echo())));
    expect(await outcomeOf(browser)).toBe('open');
    for (const socket of held) socket.destroy();
    browser.terminate();
  });

  test('cuts a browser that does not mask what it sends', async () => {
    const path = encodeURIComponent(await pki.ticket(plain(await echo())));
    const headers = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
    const bytes = Buffer.concat([Buffer.from(upgrade(path, ...headers)), Buffer.of(0x82, 2, 104, 105)]);
    expect(await exchange(bytes)).toMatch(/^HTTP\/1\.1 101 /);
    await proxy.sees('MASK must be set');
  });
});

describe('the service', () => {
  test('says how it is', async () => {
    expect(await askHealth(proxy.healthSocket)).toMatchObject({
      service: 'websocket-proxy',
      state: 'ready',
      checks: { certificate: 'up' },
    });
  });

  test('writes no ticket into its log, nor what goes through consoles', async () => {
    const ticket = await pki.ticket(plain(await echo()));
    const browser = proxy.connect(ticket);
    await outcomeOf(browser);
    browser.send(Buffer.from('canary-of-a-console'));
    await answerOf(browser);
    browser.close();
    await closeOf(browser);
    await outcomeOf(proxy.connect(ticket));
    const { salt, v2_signature: signature } = JSON.parse(Buffer.from(ticket, 'base64').toString()) as Record<string, string>;
    for (const secret of [ticket, ticket.slice(0, 60), salt!, signature!.slice(0, 40), 'canary-of-a-console'])
      expect(proxy.log()).not.toContain(secret);
  });

  test('closes its consoles when it is told to end, and ends with code 0', async () => {
    const other = await startProxy(pki);
    const browser = other.connect(await pki.ticket(plain(await echo())));
    await outcomeOf(browser);
    const [code, ended] = await Promise.all([closeOf(browser), other.end('SIGTERM')]);
    expect([code, ended]).toEqual([1001, 0]);
    expect(other.log()).toContain('"message":"stopped"');
  });

  test('names what is wrong when it cannot start', async () => {
    await expect(startProxy(pki, { TARGET_NETWORKS: '10.0.0.0/99' })).rejects.toThrow('10.0.0.0/99 is not a network');
    await expect(startProxy(pki, { PROXY_PORT: String(proxy.port) })).rejects.toThrow('EADDRINUSE');
    await expect(startProxy(pki, { SSL_KEY: pki.path('engine.key') })).rejects.toThrow('cannot start');
  });
});
