import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, truncate, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import * as runtime from '../../plugins/imageio/runtime.ts';
import { freePort } from './free-port.ts';
import { makePki, type TestPki } from './pki.ts';
import { logged, startService } from './service-process.ts';
import { there } from './there.ts';

export interface ImageAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ImageAsk {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | string;
}

/** A ticket as it is sent, in part. */
export interface TicketFields {
  readonly url: string;
  readonly size: number;
  readonly ops?: readonly string[];
  readonly [key: string]: unknown;
}

/** The image service while it runs. */
export interface ImageService {
  readonly port: number;
  readonly pid: number;
  readonly folder: string;
  readonly healthSocket: string;
  log(): string;
  sees(text: string): Promise<void>;
  /** Asks the control interface. */
  control(method: string, path: string, body?: object | string): Promise<ImageAnswer>;
  /** Puts a ticket and gives its name. */
  ticket(fields: TicketFields): Promise<string>;
  /** Asks as clients do, on a connection of its own. */
  ask(path: string, ask?: ImageAsk): Promise<ImageAnswer>;
  /** Begins a request, whose end is for the test to make. */
  begin(path: string, options?: RequestOptions): ReturnType<typeof httpsRequest>;
  url(path: string): string;
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

const answerOf = (request: ReturnType<typeof httpRequest>, body: Buffer | string | undefined): Promise<ImageAnswer> =>
  new Promise((resolve, reject) => {
    request.on('error', reject).on('response', (response: IncomingMessage) => {
      const pieces: Buffer[] = [];
      response
        .on('data', (piece: Buffer) => pieces.push(piece))
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }));
    });
    request.end(body);
  });

/** Starts the real program, as a daemon unless the settings say otherwise. */
export async function startImageService(pki: TestPki, settings: Readonly<Record<string, string>> = {}): Promise<ImageService> {
  const folder = await mkdtemp(join(pki.folder, 'image-io-'));
  const port = await freePort();
  const [healthSocket, controlSocket] = [join(folder, 'health.sock'), join(folder, 'control.sock')];
  const keys = {
    LISTEN_HOST: '127.0.0.1',
    LISTEN_PORT: String(port),
    SSL_CERTIFICATE: pki.path('host.pem'),
    SSL_KEY: pki.path('host.key'),
    CONTROL_SOCKET: controlSocket,
    HEALTH_SOCKET: healthSocket,
    ...settings,
  };
  const config = join(folder, 'image-io.conf');
  await mkdir(`${config}.d`);
  await writeFile(
    join(`${config}.d`, '10-setup.conf'),
    Object.entries(keys)
      .map(([key, value]) => `${key}="${value}"\n`)
      .join(''),
  );
  // As its unit runs it.
  const child = startService({
    name: 'image-io',
    options: runtime.options,
    environment: { IMAGE_IO_CONF: config, NODE_COMPILE_CACHE: join(pki.folder, 'cache'), ...runtime.environment },
  });
  const control: ImageService['control'] = (method, path, body) => {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const headers = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
    return answerOf(httpRequest({ socketPath: controlSocket, method, path, headers, agent: false }), text);
  };
  const begin: ImageService['begin'] = (path, options = {}) =>
    httpsRequest({ host: '127.0.0.1', port, ca: pki.ca, path, agent: false, ...options });
  const service: ImageService = {
    ...child,
    port,
    folder,
    healthSocket,
    control,
    async ticket({ ops = ['read'], ...fields }) {
      const uuid = randomUUID();
      const { status, body } = await control('PUT', `/tickets/${uuid}`, { uuid, timeout: 300, ops, ...fields });
      if (status !== 200) throw new Error(`the ticket was refused: ${status} ${body.toString()}`);
      return uuid;
    },
    ask(path, { method = 'GET', headers = {}, body } = {}) {
      const length: Record<string, number> = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      return answerOf(begin(path, { method, headers: { ...length, ...headers } }), body);
    },
    begin,
    url: (path) => `https://127.0.0.1:${port}${path}`,
  };
  await child.sees(logged('ready'));
  return service;
}

/** Starts a proxy that may forward to daemons of this machine. */
export const startImageProxy = (pki: TestPki, settings: Readonly<Record<string, string>> = {}): Promise<ImageService> =>
  startImageService(pki, {
    ROLE: 'proxy',
    SSL_CERTIFICATE: pki.path('proxy.pem'),
    SSL_KEY: pki.path('proxy.key'),
    HOST_CERTIFICATE: pki.path('engine.pem'),
    HOST_KEY: pki.path('engine.key'),
    HOST_CA: pki.path('ca.pem'),
    HOST_NETWORKS: '127.0.0.0/8 ::1',
    ...settings,
  });

/** A client that keeps one connection. */
export const oneConnection = (ca: string): Agent => new Agent({ keepAlive: true, maxSockets: 1, ca });

/** Status and text of an answer, in one line. */
export const said = ({ status, body }: ImageAnswer): string => `${status} ${body.toString().trim()}`;

export const json = ({ body }: ImageAnswer): unknown => JSON.parse(body.toString());

/** A daemon for all tests of the file, and images for it. */
export interface ImageTests {
  readonly pki: TestPki;
  readonly daemon: ImageService;
  /** A file with some bytes, or a hole of a length. */
  image(content: Buffer | number): Promise<string>;
  /** A ticket for reading an image with some bytes. */
  reading(content: Buffer, more?: object): Promise<string>;
  /** What the daemon says of a ticket. */
  stateOf(id: string): Promise<Record<string, unknown>>;
}

export function useImageService(settings: Readonly<Record<string, string>>): ImageTests {
  let pki: TestPki | undefined;
  let daemon: ImageService | undefined;
  let number = 0;
  beforeAll(async () => {
    pki = await makePki();
    daemon = await startImageService(pki, settings);
  });
  afterAll(async () => {
    expect(await daemon?.end()).toBe(0);
    await pki?.remove();
  });
  const tests: ImageTests = {
    get pki() {
      return there(pki);
    },
    get daemon() {
      return there(daemon);
    },
    async image(content) {
      const path = join(tests.daemon.folder, `${++number}.img`);
      await writeFile(path, typeof content === 'number' ? '' : content);
      if (typeof content === 'number') await truncate(path, content);
      return path;
    },
    reading: async (content, more = {}) =>
      tests.daemon.ticket({ url: `file://${await tests.image(content)}`, size: content.length, ...more }),
    stateOf: async (id) => json(await tests.daemon.control('GET', `/tickets/${id}`)) as Record<string, unknown>,
  };
  return tests;
}
