import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { makeCertificate } from './certificates.ts';
import { basic } from './https-client.ts';
import { there } from './there.ts';

/* engine-iso-uploader as people call it: with an engine that is made up, and an ssh that stays on this machine. */

export const program = new URL('../../bin/engine-iso-uploader', import.meta.url).pathname;
export const password = 'Canary-1';
/** The domain for ISO files, and the data center, whose id the domain for data has as well. */
export const domain = '0b5c4e0a-3a53-4b9c-9a0e-6c8d52b1f0d1';
export const center = '5d2b1e9c-1111-4222-8333-444455556666';
export const images = 'images/11111111-1111-1111-1111-111111111111';
/** What the engine makes of an upload to the domain for data. */
export const [disk, transfer] = ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'];

/** What the engine is like in a test, and what was done to it. */
export interface MadeUpEngine {
  /** All that was asked for, from the root of the API on; what changes something also with its method and body. */
  readonly asked: string[];
  /** An address that is not found. */
  refused: string | null;
  /** How the domain for ISO files is described, and its status in the data center. */
  entity: Record<string, unknown>;
  status: string;
  /** Whether the data center has a host that is up. */
  isUp: boolean;
  /** Disks of the domain for data. */
  disks: Record<string, unknown>[];
  /** The bytes that came through a transfer, and how that ends. */
  came: Buffer;
  outcome: string;
}

export interface UploaderTests {
  readonly folder: string;
  readonly engine: MadeUpEngine;
  /** The folder on this machine that is the storage of the domain for ISO files. */
  readonly storage: string;
  /** Where ISO files come to lie on it. */
  readonly iso: string;
  readonly port: number;
  /** Calls the program for the engine, or without one. */
  call(
    args: readonly string[],
    how?: { readonly input?: string; readonly engine?: boolean },
  ): Promise<{ readonly code: number | undefined; readonly stdout: string; readonly stderr: string }>;
  /** Makes a file to upload, and returns its name. */
  file(name: string, size?: number): Promise<string>;
}

export function useIsoUploader(): UploaderTests {
  let [folder, storage] = ['', ''];
  let server: Server | undefined;
  let engine: MadeUpEngine | undefined;
  let phase = 'initializing';

  const answer = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const { url = '', headers, method = 'GET' } = request;
    const now = there(engine);
    const { asked } = now;
    if (url === '/images/ticket') {
      if (method === 'PUT') now.came = body;
      return void response.end();
    }
    const path = url.replace('/ovirt-engine/api/', '');
    if (method !== 'GET') asked.push(`${method} ${path}${body.length === 0 ? '' : ` ${body.toString()}`}`);
    if (path.endsWith('/finalize')) phase = now.outcome;
    if (method === 'POST' && path === 'disks') now.disks.push({ ...(JSON.parse(body.toString()) as object), id: disk });
    if (method === 'DELETE') now.disks = now.disks.filter(({ id }) => !path.endsWith(String(id)));
    asked.push(path);
    const answers: Readonly<Record<string, unknown>> = {
      storagedomains: { storage_domain: [{ id: center, name: 'data', type: 'data', data_center: { id: center } }, now.entity] },
      [`datacenters/${center}/storagedomains/${domain}`]: { id: domain, status: now.status },
      [`datacenters/${center}`]: { id: center, name: 'Default' },
      [`hosts?search=${encodeURIComponent('datacenter="Default" and status=up sortby name')}&max=1`]: now.isUp
        ? { host: [{ address: 'localhost' }] }
        : {},
      'hosts/7c1f2a33-0b1d-4f3e-9a52-1d0e1c2b3a4f': { address: '127.0.0.1' },
      [`storagedomains/${domain}/files?refresh=true`]: { file: [] },
      [`datacenters/${center}/storagedomains/${center}`]: { id: center, status: 'active' },
      [`storagedomains/${center}/disks`]: { disk: now.disks },
      disks: { id: disk, status: 'locked' },
      [`disks/${disk}`]: { id: disk, status: 'ok' },
      [`disks/${domain}`]: {},
      imagetransfers: { id: transfer, phase: 'initializing' },
      [`imagetransfers/${transfer}/finalize`]: {},
      [`imagetransfers/${transfer}/cancel`]: {},
      [`imagetransfers/${transfer}`]: {
        id: transfer,
        phase,
        // Nobody listens at the first one.
        ...{ transfer_url: 'https://127.0.0.1:1/images/ticket', proxy_url: `https://localhost:${tests.port}/images/ticket` },
      },
    };
    if (path === 'imagetransfers') phase = 'transferring';
    const isIn = headers.authorization === basic('admin@internal', password);
    response.statusCode = isIn ? (answers[path] === undefined || now.refused === path ? 404 : 200) : 401;
    response.end(JSON.stringify(answers[path] ?? {}));
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iso-uploader-'));
    const files = await makeCertificate(folder, 'ca', { subject: '/CN=localhost', names: 'DNS:localhost' });
    const [key, cert] = await Promise.all([readFile(files.key), readFile(files.certificate)]);
    const listening = createServer({ key, cert }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => answer(request, response, Buffer.concat(chunks)));
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    // An ssh that writes down how it is called, and runs the command here.
    await mkdir(join(folder, 'bin'));
    await writeFile(
      join(folder, 'bin/ssh'),
      `#!/bin/sh\nprintf '%s\\n' "$@" >'${folder}/ssh-arguments'\nfor last; do :; done\nexec sh -c "$last"\n`,
    );
    await chmod(join(folder, 'bin/ssh'), 0o755);
  });
  beforeEach(async () => {
    storage = await mkdtemp(join(folder, "an export's folder "));
    await mkdir(tests.iso, { recursive: true });
    const entity = {
      ...{ id: domain, name: 'ISO_DOMAIN', type: 'iso', external_status: 'ok', data_centers: { data_center: [{ id: center }] } },
      storage: { type: 'nfs', address: 'localhost', path: storage },
    };
    engine = {
      asked: [],
      refused: null,
      entity,
      status: 'active',
      isUp: true,
      disks: [],
      came: Buffer.alloc(0),
      outcome: 'finished_success',
    };
    phase = 'initializing';
    await rm(join(folder, 'ssh-arguments'), { force: true });
    await writeFile(join(folder, 'settings.conf'), '[ISOUploader]\nuser=admin@internal\n');
  });
  afterAll(async () => {
    await new Promise((resolve) => there(server).close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  const tests: UploaderTests = {
    get folder() {
      return folder;
    },
    get engine() {
      return there(engine);
    },
    get storage() {
      return storage;
    },
    get iso() {
      return join(storage, domain, images);
    },
    get port() {
      return (there(server).address() as AddressInfo).port;
    },
    async call(args, { input = `${password}\n`, engine: hasEngine = true } = {}) {
      const where = hasEngine ? ['-r', `localhost:${tests.port}`, '--cert-file', join(folder, 'ca.pem')] : [];
      const { exitCode, stdout, stderr } = await execa(program, [...where, '--conf-file', join(folder, 'settings.conf'), ...args], {
        cwd: folder,
        input,
        reject: false,
        env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` },
      });
      return { code: exitCode, stdout, stderr };
    },
    async file(name, size = 3_000_000) {
      await writeFile(join(folder, name), Buffer.alloc(size, name));
      return name;
    },
  };
  return tests;
}
