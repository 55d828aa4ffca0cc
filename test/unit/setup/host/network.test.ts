import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { type Server, createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import forge from 'node-forge';
import { afterEach, describe, expect, test } from 'vitest';
import { inEnglish } from '#kit';
import { crypto } from '../../../../src/setup/host/crypto.ts';
import { listeningSockets } from '../../../../src/setup/host/listener.ts';
import { reverseName } from '../../../../src/setup/host/reverse-name.ts';
import { network } from '../../../../src/setup/host/network.ts';

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

describe('who listens on a port', () => {
  test('is found by process and name', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(await network.listener(portOf(server))).toMatchObject({ pid: process.pid });
    const port = portOf(server);
    server.close();
    await once(server, 'close');
    expect(await network.listener(port)).toBeUndefined();
  });

  test('is named by its script when it is Node, on IPv6 as well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'network-'));
    await mkdir(join(folder, 'engine'));
    const script = `require('node:net').createServer().listen(0, '::', function () { console.log(this.address().port); })`;
    await writeFile(join(folder, 'engine/main.cjs'), script);
    await writeFile(join(folder, 'web\u001b[31mproxy.cjs'), script);
    for (const [path, program] of [
      ['engine/main.cjs', 'engine'],
      ['web\u001b[31mproxy.cjs', 'web?[31mproxy.cjs'],
    ] as const) {
      const child = spawn(process.execPath, ['--no-warnings', join(folder, path)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      expect(await network.listener(Number(line.toString()))).toEqual({ pid: child.pid, program });
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true });
  });

  test('of UDP is found as well, and is nobody of TCP', async () => {
    const socket = createSocket('udp6').bind(0, '::1');
    await once(socket, 'listening');
    const { port } = socket.address();
    expect(await network.listener(port, 'udp')).toMatchObject({ pid: process.pid });
    expect(await network.listener(port)).toBeUndefined();
    socket.close();
    await once(socket, 'close');
    expect(await network.listener(port, 'udp')).toBeUndefined();
  });

  test('is read from the table of the kernel: only sockets that listen, only on this port', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0000 100 0 0 10 0',
      '   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0000 100 0 0 10 0',
      '   2: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 333 1',
      '   3: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1 0000 100 0 0 10 0',
    ].join('\n');
    expect(listeningSockets(table, 8080)).toEqual(['socket:[111]', 'socket:[333]']);
  });
});

describe('names and addresses', () => {
  test('are those of this host', async () => {
    expect(await network.hostname()).not.toBe('');
    expect(await network.addresses()).toContain('127.0.0.1');
    expect(await network.resolve('localhost')).toEqual(expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]));
  });

  test('are not found for names that nobody knows, or that are none', async () => {
    for (const name of ['no-such-host.invalid', '', 'a\0b', 'x'.repeat(300)]) expect(await network.resolve(name)).toEqual([]);
  });
});

describe('the DNS servers', () => {
  test('know nothing of what is no name or no address', async () => {
    for (const name of ['', 'a\0b', 'x'.repeat(300)]) expect(await network.dns(name), JSON.stringify(name)).toEqual([]);
    for (const address of ['', 'x', '192.0.2']) expect(await network.reverse(address), address).toEqual([]);
  });

  test('are named together with the hosts file as the places where names are looked up', async () => {
    expect(inEnglish(await network.lookedUpIn())).toMatch(/^\/etc\/hosts( and the DNS servers? [\d.:a-f%\], []+)?$/);
  });
});

describe('a GET over HTTPS', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** A certificate that signs itself: server and CA in one. */
  async function authority(): Promise<{ readonly key: string; readonly cert: string }> {
    const key = await crypto.newPrivateKey(2048);
    const privateKey = forge.pki.privateKeyFromPem(key);
    const certificate = forge.pki.createCertificate();
    certificate.publicKey = forge.pki.setRsaPublicKey(privateKey.n, privateKey.e);
    certificate.serialNumber = '01';
    certificate.validity.notBefore = new Date(Date.now() - 86_400_000);
    certificate.validity.notAfter = new Date(Date.now() + 86_400_000);
    certificate.setSubject([{ name: 'commonName', value: 'test' }]);
    certificate.setIssuer([{ name: 'commonName', value: 'test' }]);
    certificate.setExtensions([
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ]);
    certificate.sign(privateKey, forge.md.sha256.create());
    return { key, cert: forge.pki.certificateToPem(certificate) };
  }

  async function serve(options: { readonly key: string; readonly cert: string }, listener: RequestListener): Promise<string> {
    const server = createHttps(options, listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `https://127.0.0.1:${portOf(server)}`;
  }

  test('gives status and body, and trusts only the CA it was given', async () => {
    const [ours, theirs] = await Promise.all([authority(), authority()]);
    const url = await serve(ours, (_, response) => response.writeHead(503).end('hällo'));
    expect(await network.get({ url: `${url}/x`, ca: ours.cert, timeoutMs: 5000 })).toEqual({ status: 503, body: 'hällo' });
    await expect(network.get({ url: `${url}/x?token=secret`, ca: theirs.cert, timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(new RegExp(`^No answer from ${url}/x: [A-Z_]+$`)),
    });
  });

  test('takes no longer than it may, even if the answer comes in drops, and no more than a megabyte', async () => {
    const ours = await authority();
    const url = await serve(ours, (request, response) => {
      if (request.url === '/silent') return;
      if (request.url === '/large') return void response.end('x'.repeat(1024 * 1024 + 1));
      response.write('a');
      const timer = setInterval(() => response.write('a'), 20);
      response.on('close', () => clearInterval(timer));
    });
    for (const path of ['/silent', '/drops']) {
      await expect(network.get({ url: `${url}${path}`, ca: ours.cert, timeoutMs: 300 })).rejects.toThrow('nothing within 300 ms');
    }
    await expect(network.get({ url: `${url}/large`, ca: ours.cert, timeoutMs: 5000 })).rejects.toThrow('longer than 1048576 bytes');
  });

  test('throws when nobody listens, and for anything but https', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = portOf(server);
    server.close();
    await once(server, 'close');
    await expect(network.get({ url: `https://127.0.0.1:${port}/`, ca: '', timeoutMs: 5000 })).rejects.toThrow('ECONNREFUSED');
    await expect(network.get({ url: `http://127.0.0.1:${port}/`, ca: '', timeoutMs: 5000 })).rejects.toThrow('Only https');
  });
});

test.each([
  ['192.0.2.10', '10.2.0.192.in-addr.arpa'],
  ['2001:db8::1', '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
  ['::1', `1.${'0.'.repeat(31)}ip6.arpa`],
  ['::ffff:192.0.2.1', `1.0.2.0.0.0.0.c.f.f.f.f.${'0.'.repeat(20)}ip6.arpa`],
])('the names of %s are looked for under %s', (address, name) => {
  expect(reverseName(address)).toBe(name);
});
