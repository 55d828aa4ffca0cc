import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../test/support/free-port.ts';
import { type ImageService, startImageProxy, startImageService } from '../test/support/image-io.ts';
import { makePki, type TestPki } from '../test/support/pki.ts';
import { interleaved, memoryMB, sample, timed } from './measure.ts';
import type { Result } from './result.ts';

/*
 * The image service beside nginx: the same file over TLS, by the same client (curl), one hop and two. Neither writes through to the disk: nginx
 * never does, and ours is told not to. Then what a sparse image of 20 GiB, and 10,000 connections, cost in memory.
 */

const size = 2 ** 30;
const rounds = 5;
const sparseSize = 20 * 2 ** 30;
const connections = 10_000;
/** At once. */
const batch = 50;

interface Nginx {
  readonly direct: number;
  readonly through: number;
  end(): void;
}

/** nginx that serves and takes files of a folder on one port, and forwards to that, over TLS with certificates of both, from another. */
async function startNginx(pki: TestPki, folder: string): Promise<Nginx> {
  const [direct, through] = [await freePort(), await freePort()];
  const own = join(folder, 'nginx');
  await mkdir(own);
  const certificate = (name: string): string =>
    `ssl_certificate ${pki.path(`${name}.pem`)}; ssl_certificate_key ${pki.path(`${name}.key`)};`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${own}/${name};`).join('\n');
  const text = `daemon off; user root; worker_processes 1; pid ${own}/pid; error_log ${own}/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; client_max_body_size 0; ssl_protocols TLSv1.2 TLSv1.3;
  ${temporary}
  server {
    listen 127.0.0.1:${direct} ssl; ${certificate('host')}
    root ${folder}; dav_methods PUT;
  }
  server {
    listen 127.0.0.1:${through} ssl; ${certificate('proxy')}
    location / {
      proxy_pass https://127.0.0.1:${direct}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_request_buffering off; proxy_max_temp_file_size 0;
      proxy_ssl_certificate ${pki.path('engine.pem')}; proxy_ssl_certificate_key ${pki.path('engine.key')};
      proxy_ssl_trusted_certificate ${pki.path('ca.pem')}; proxy_ssl_verify on; proxy_ssl_name localhost;
    }
  }
}
`;
  await writeFile(join(own, 'nginx.conf'), text);
  const child: ChildProcess = spawn('nginx', ['-c', join(own, 'nginx.conf')], { stdio: 'inherit' });
  for (let tries = 0; ; tries++) {
    const socket = connect(through, '127.0.0.1');
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return { direct, through, end: () => child.kill() };
    if (child.exitCode !== null || tries === 100) throw new Error('nginx does not start');
    await sleep(50);
  }
}

const curl = (pki: TestPki, url: string, ...more: string[]): Promise<unknown> =>
  execa('curl', ['--silent', '--show-error', '--fail', '--cacert', pki.path('ca.pem'), '--output', '/dev/null', ...more, url]);

/** A ticket in both services; gives its names. */
async function tickets(
  daemon: ImageService,
  proxy: ImageService,
  path: string,
  bytes: number,
  op: 'read' | 'write',
): Promise<[string, string]> {
  const fields = { size: bytes, ops: [op], sparse: true, timeout: 36_000 };
  const atDaemon = await daemon.ticket({ url: `file://${path}`, ...fields });
  return [atDaemon, await proxy.ticket({ url: `https://localhost:${daemon.port}/images/${atDaemon}`, ...fields })];
}

/**
 * Lets a virtual machine have the memory that the next file will take in the cache. What is free for a second or two may be given back to the host
 * below, and having it again costs more than the whole transfer, of whoever comes at that moment.
 */
async function touchMemory(folder: string): Promise<void> {
  const scratch = join(folder, 'scratch.img');
  await execa('dd', ['if=/dev/zero', `of=${scratch}`, 'bs=1M', `count=${(2 * size) / 2 ** 20}`, 'status=none']);
  await rm(scratch);
}

const openFiles = async ({ pid }: ImageService): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

/** Opens and closes connections, each with one request. */
async function visit({ port }: ImageService, pki: TestPki, id: string, count: number): Promise<void> {
  const one = async (): Promise<void> => {
    const asked = request({
      host: '127.0.0.1',
      port,
      ca: pki.ca,
      agent: false,
      path: `/images/${id}`,
      headers: { range: 'bytes=0-4095' },
    }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    asked.destroy();
  };
  for (let done = 0; done < count; done += batch) await Promise.all(Array.from({ length: batch }, one));
}

/** Megabytes that connections leave behind. Throws where they leave a descriptor. */
async function leftBehind(service: ImageService, pki: TestPki, id: string): Promise<number> {
  await visit(service, pki, id, 1_000);
  await sleep(5_000);
  const [files, memory] = [await openFiles(service), (await memoryMB(service.pid, 'VmRSS')) ?? NaN];
  await visit(service, pki, id, connections);
  await sleep(5_000);
  const left = (await openFiles(service)) - files;
  if (left > 0) throw new Error(`${connections} connections leave ${left} descriptors behind`);
  return Math.max(0, ((await memoryMB(service.pid, 'VmRSS')) ?? NaN) - memory);
}

/** The image service, against nginx. */
export async function images(): Promise<readonly Result[]> {
  const pki = await makePki();
  const daemon = await startImageService(pki, { CLIENT_CA: pki.path('ca.pem') });
  const proxy = await startImageProxy(pki);
  const [source, target] = [join(pki.folder, 'source.img'), join(pki.folder, 'target.img')];
  await execa('sh', ['-c', `head -c ${size} /dev/urandom >${source}; : >${target}`]);
  const nginx = await startNginx(pki, pki.folder);
  try {
    const forReading = await tickets(daemon, proxy, source, size, 'read');
    const forWriting = await tickets(daemon, proxy, target, size, 'write');
    const results: Result[] = [];
    const compare = async (name: string, ours: () => Promise<number>, theirs: () => Promise<number>): Promise<void> => {
      const samples = await interleaved(rounds, { ours, theirs });
      results.push({ name, unit: 'ms', ours: samples.ours, peer: { name: 'nginx', sample: samples.theirs }, target: { ratio: 1.25 } });
    };
    // Both write into a file that is empty.
    const upload = async (url: string): Promise<number> => {
      await truncate(target, 0);
      await rm(join(pki.folder, 'put.img'), { force: true });
      await touchMemory(pki.folder);
      return timed(() => curl(pki, url, '--upload-file', source));
    };
    for (const [hops, at, service, port] of [
      ['daemon', 0, daemon, nginx.direct],
      ['through the proxy', 1, proxy, nginx.through],
    ] as const) {
      const theirs = `https://localhost:${port}`;
      await compare(
        `images, 1 GiB down, ${hops}`,
        () => timed(() => curl(pki, service.url(`/images/${forReading[at]}`))),
        () => timed(() => curl(pki, `${theirs}/source.img`)),
      );
      await compare(
        `images, 1 GiB up, ${hops}`,
        () => upload(service.url(`/images/${forWriting[at]}?flush=n`)),
        () => upload(`${theirs}/put.img`),
      );
    }

    const sparse = join(pki.folder, 'sparse.img');
    await writeFile(sparse, '');
    await truncate(sparse, sparseSize);
    const [, down] = await tickets(daemon, proxy, sparse, sparseSize, 'read');
    const [, up] = await tickets(daemon, proxy, target, sparseSize, 'write');
    await truncate(target, 0);
    await curl(pki, proxy.url(`/images/${down}`));
    await curl(pki, proxy.url(`/images/${up}`), '--upload-file', sparse);
    for (const [name, { pid }] of [
      ['daemon', daemon],
      ['proxy', proxy],
    ] as const) {
      const peak = (await memoryMB(pid, 'VmHWM')) ?? NaN;
      results.push({
        name: `images, 20 GiB sparse down and up: memory of the ${name}`,
        unit: 'MB',
        ours: sample([peak]),
        target: { limit: 120 },
      });
    }
    for (const [name, service, id] of [
      ['daemon', daemon, forReading[0]],
      ['proxy', proxy, forReading[1]],
    ] as const) {
      const left = await leftBehind(service, pki, id);
      results.push({
        name: `images, ${connections} connections: memory left in the ${name}`,
        unit: 'MB',
        ours: sample([left]),
        target: { limit: 20 },
      });
    }
    return results;
  } finally {
    nginx.end();
    await Promise.all([proxy.end('SIGKILL'), daemon.end('SIGKILL')]);
    await pki.remove();
  }
}
