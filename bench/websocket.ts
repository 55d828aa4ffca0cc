import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { freePort } from '../test/support/free-port.ts';
import { makePki, type TestPki } from '../test/support/pki.ts';
import { startProxy, type TestProxy } from '../test/support/websocket-proxy.ts';
import { memoryMB, processorMs, sample } from './measure.ts';
import type { Result } from './result.ts';

/*
 * The WebSocket proxy beside websockify, both with TLS, on one connection. The load is made by this process, without a
 * WebSocket library, so that it costs the same and little with either. Processor time is that of the proxy alone.
 */

const bulk = 512 * 2 ** 20;
const small = 96 * 2 ** 20;
const message = 2048;
/** Messages that are sent before the first of them is back. */
const underWay = 16;
const rounds = 5;
const consoles = 1000;
const visits = 10_000;
const warmUps = 3;
/** At once. */
const batch = 50;

/** A proxy that listens, and how to get to a display through it. */
interface Subject {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly pathTo: () => Promise<string>;
}

/** A display that listens; each connection is handed to `serve`. */
async function display(serve: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, server };
}

/** The browser's side, past the handshake. */
async function browser(subject: Subject, ca: string): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port: subject.port, ca });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  const lines = ['Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  const more = ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol: binary'];
  socket.write([`GET /${await subject.pathTo()} HTTP/1.1`, ...lines, ...more, '', ''].join('\r\n'));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(`${subject.name}: ${answer.toString()}`);
  return socket;
}

/** A masked binary frame. */
function frame(size: number): Buffer {
  const header = size < 65_536 ? Buffer.of(0x82, 0xfe, size >> 8, size & 255) : Buffer.alloc(10);
  if (size >= 65_536) {
    header.set([0x82, 0xff]);
    header.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([header, Buffer.of(0x12, 0x34, 0x56, 0x78), Buffer.alloc(size, 0x5a)]);
}

/** Writes one buffer again and again. */
async function pump(socket: Socket | TLSSocket, bytes: Buffer, times: number): Promise<void> {
  for (let count = 0; count < times; count++) if (!socket.write(bytes)) await once(socket, 'drain');
}

/** Waits until so many bytes have arrived. */
const arrived = (socket: Socket | TLSSocket, bytes: number): Promise<void> =>
  new Promise((resolve) => {
    let count = 0;
    socket.on('data', (chunk: Buffer) => {
      count += chunk.length;
      if (count >= bytes) resolve();
    });
  });

type Load = (client: TLSSocket, shown: Socket) => Promise<void>;

const loads = {
  'bulk to the browser': async (client, shown) => {
    const all = arrived(client, bulk);
    await pump(shown, Buffer.alloc(65_536, 0x5a), bulk / 65_536);
    await all;
  },
  'bulk to the display': async (client, shown) => {
    const all = arrived(shown, bulk);
    await pump(client, frame(65_536), bulk / 65_536);
    await all;
  },
  'messages of 2 KB to the display': async (client, shown) => {
    const all = arrived(shown, small);
    await pump(client, frame(message), small / message);
    await all;
  },
  'messages of 2 KB there and back': async (client, shown) => {
    shown.pipe(shown);
    const bytes = frame(message);
    const total = small / 2;
    let [sent, back] = [0, 0];
    const send = (): void => {
      for (; sent < total && sent - back < underWay * message; sent += message) client.write(bytes);
    };
    await new Promise<void>((resolve) => {
      client.on('data', (chunk: Buffer) => {
        back += chunk.length;
        if (back >= total) resolve();
        else send();
      });
      send();
    });
  },
} satisfies Readonly<Record<string, Load>>;

interface Cost {
  readonly ms: number;
  readonly processor: number;
}

async function measure(subject: Subject, ca: string, shown: () => Promise<Socket>, load: Load): Promise<Cost> {
  const socket = shown();
  const client = await browser(subject, ca);
  const other = await socket;
  const before = await processorMs(subject.pid);
  const start = performance.now();
  await load(client, other);
  const ms = performance.now() - start;
  const processor = (await processorMs(subject.pid)) - before;
  client.destroy();
  other.destroy();
  return { ms, processor };
}

async function startWebsockify(pki: TestPki, target: number): Promise<{ child: ChildProcess; subject: Subject }> {
  const port = await freePort();
  const args = [
    '--ssl-only',
    `--cert=${pki.path('proxy.pem')}`,
    `--key=${pki.path('proxy.key')}`,
    `127.0.0.1:${port}`,
    `127.0.0.1:${target}`,
  ];
  const child = spawn('websockify', args, { stdio: 'ignore' });
  await once(child, 'spawn');
  await sleep(1500);
  return { child, subject: { name: 'websockify', port, pid: child.pid ?? 0, pathTo: () => Promise.resolve('') } };
}

async function memory(pki: TestPki, proxy: TestProxy, subject: Subject): Promise<number> {
  const held: TLSSocket[] = [];
  for (let count = 0; count < consoles; count++) held.push(await browser(subject, pki.ca));
  for (const client of held) client.write(frame(message));
  await sleep(1000);
  const megabytes = await memoryMB(proxy.pid, 'VmRSS');
  for (const client of held) client.destroy();
  return megabytes ?? NaN;
}

/** Megabytes that consoles leave behind which were opened and closed. Throws where they leave a descriptor. */
async function leftBehind(pki: TestPki, proxy: TestProxy, subject: Subject): Promise<number> {
  const visit = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += batch)
      for (const client of await Promise.all(Array.from({ length: batch }, () => browser(subject, pki.ca)))) client.destroy();
    await sleep(5_000);
  };
  const descriptors = async (): Promise<number> => (await readdir(`/proc/${proxy.pid}/fd`)).length;
  // The first ones fill caches of the runtime, and the memory of used tickets, which are no leak.
  for (let round = 0; round < warmUps; round++) await visit(visits);
  const [files, before] = [await descriptors(), (await memoryMB(proxy.pid, 'VmRSS')) ?? NaN];
  await visit(visits);
  const left = (await descriptors()) - files;
  if (left > 0) throw new Error(`${visits} consoles leave ${left} descriptors behind`);
  return Math.max(0, ((await memoryMB(proxy.pid, 'VmRSS')) ?? NaN) - before);
}

/** The proxy that browsers reach consoles through, against Debian's. */
export async function websocket(): Promise<readonly Result[]> {
  const pki = await makePki();
  let newcomer: ((socket: Socket) => void) | undefined;
  const screen = await display((socket) => newcomer?.(socket));
  const shown = (): Promise<Socket> => new Promise((resolve) => (newcomer = resolve));
  const proxy = await startProxy(pki);
  const ours: Subject = {
    name: 'ours',
    port: proxy.port,
    pid: proxy.pid,
    pathTo: async () => encodeURIComponent(await pki.ticket({ host: '127.0.0.1', port: screen.port, tls: false })),
  };
  const { child, subject: theirs } = await startWebsockify(pki, screen.port);
  try {
    const results: Result[] = [];
    for (const [name, load] of Object.entries(loads)) {
      const costs = { ours: [] as Cost[], theirs: [] as Cost[] };
      for (let round = 0; round <= rounds; round++) {
        for (const [who, subject] of Object.entries({ ours, theirs }) as ['ours' | 'theirs', Subject][]) {
          const cost = await measure(subject, pki.ca, shown, load);
          if (round > 0) costs[who].push(cost);
        }
      }
      const of = (what: keyof Cost) => ({
        unit: 'ms' as const,
        ours: sample(costs.ours.map((cost) => cost[what])),
        peer: { name: 'websockify', sample: sample(costs.theirs.map((cost) => cost[what])) },
      });
      const isBulk = name.startsWith('bulk');
      if (isBulk) results.push({ name: `console, ${name}: time`, ...of('ms'), target: { ratio: 1.11 } });
      results.push({ name: `console, ${name}: processor`, ...of('processor'), target: { ratio: isBulk ? 1.3 : 0.7 } });
    }
    results.push({
      name: `${consoles} open consoles: memory`,
      unit: 'MB',
      ours: sample([await memory(pki, proxy, ours)]),
      target: { limit: 300 },
    });
    results.push({
      name: `${visits} consoles opened and closed: memory left`,
      unit: 'MB',
      ours: sample([await leftBehind(pki, proxy, ours)]),
      target: { limit: 20 },
    });
    return results;
  } finally {
    child.kill();
    await proxy.end('SIGKILL');
    screen.server.close();
    await pki.remove();
  }
}
