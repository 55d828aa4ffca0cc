import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ImageService, startImageService } from '../support/image-io.ts';
import { makePki, type TestPki } from '../support/pki.ts';
import { eventually } from '../support/trial.ts';

const mebi = 2 ** 20;
let pki: TestPki;
let daemon: ImageService;
let number = 0;
const servers: ChildProcess[] = [];

beforeAll(async () => {
  pki = await makePki();
  daemon = await startImageService(pki);
});
afterEach(() => {
  for (const server of servers.splice(0)) server.kill('SIGKILL');
});
afterAll(async () => {
  await daemon.end();
  await pki.remove();
});

/** A qcow2 image with some patterns of bytes in it. */
async function qcow2(size: number, writes: readonly string[] = [], more: readonly string[] = []): Promise<string> {
  const path = join(daemon.folder, `${++number}.qcow2`);
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...more, path, String(size)]);
  if (writes.length > 0) await execa('qemu-io', ['-f', 'qcow2', ...writes.flatMap((each) => ['-c', `write ${each}`]), path]);
  return path;
}

/** Serves the content of an image, as the agent of a host will have it served; gives the address for tickets. */
async function serve(path: string, ...options: readonly string[]): Promise<string> {
  const socket = join(daemon.folder, `${++number}.sock`);
  const child = spawn(
    'qemu-nbd',
    [`--socket=${socket}`, '--format=qcow2', '--persistent', '--shared=8', '--discard=unmap', '--allocation-depth', ...options, path],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  servers.push(child);
  await eventually('the NBD server listens', async () => (await stat(socket).catch(() => null)) !== null);
  return `nbd:unix:${socket}`;
}
const ask = (id: string, path = '', more = {}) => daemon.ask(`/images/${id}${path}`, more);
const patch = (id: string, order: object) => ask(id, '', { method: 'PATCH', body: JSON.stringify(order) });
const json = async (id: string, path: string): Promise<unknown> => JSON.parse((await ask(id, path)).body.toString());
const allocated = async (path: string): Promise<number> => (await stat(path)).blocks * 512;

describe('the content of a qcow2 image', () => {
  test('is read, with what is a hole and what only reads as zeroes', async () => {
    const size = 64 * mebi;
    const base = await qcow2(size, ['-P 1 0 1M']);
    const path = await qcow2(size, ['-P 171 3M 5M', '-z 20M 1M'], ['-b', base, '-F', 'qcow2']);
    const id = await daemon.ticket({ url: await serve(path, '--read-only'), size });
    const part = await ask(id, '', { headers: { range: `bytes=${2 * mebi}-${9 * mebi - 1}` } });
    expect(part.body.equals(Buffer.concat([Buffer.alloc(mebi), Buffer.alloc(5 * mebi, 171), Buffer.alloc(mebi)]))).toBe(true);
    expect((await ask(id)).body.subarray(0, mebi).equals(Buffer.alloc(mebi, 1))).toBe(true);
    expect(await json(id, '/extents')).toEqual([
      { start: 0, length: mebi, zero: false, hole: false },
      { start: mebi, length: 2 * mebi, zero: true, hole: true },
      { start: 3 * mebi, length: 5 * mebi, zero: false, hole: false },
      { start: 8 * mebi, length: 12 * mebi, zero: true, hole: true },
      { start: 20 * mebi, length: mebi, zero: true, hole: false },
      { start: 21 * mebi, length: 43 * mebi, zero: true, hole: true },
    ]);
  });

  test('is written, zeroed and flushed, and stays small', async () => {
    const size = 64 * mebi;
    const path = await qcow2(size);
    const url = await serve(path);
    const id = await daemon.ticket({ url, size, ops: ['write'], sparse: true });
    const content = Buffer.alloc(40 * mebi);
    randomBytes(2 * mebi).copy(content, 5 * mebi);
    expect((await ask(id, '?flush=n', { method: 'PUT', body: content })).status).toBe(200);
    expect((await patch(id, { op: 'zero', offset: 6 * mebi, size: mebi })).status).toBe(200);
    expect((await patch(id, { op: 'flush' })).status).toBe(200);
    content.fill(0, 6 * mebi, 7 * mebi);
    const back = (await ask(id)).body;
    expect(back.equals(Buffer.concat([content, Buffer.alloc(24 * mebi)]))).toBe(true);
    expect(await allocated(path)).toBeLessThan(4 * mebi);
    const reader = await daemon.ticket({ url, size });
    expect(await json(reader, '/checksum')).toEqual(await json(id, '/checksum'));
    expect(await json(reader, '/checksum?algorithm=sha512')).toMatchObject({
      checksum: expect.stringMatching(/^[0-9a-f]{128}$/) as string,
    });
  });

  test('is given as what has changed, where its server keeps track of that', async () => {
    const size = 16 * mebi;
    const path = await qcow2(size, ['-P 1 0 4M']);
    await execa('qemu-img', ['bitmap', '--add', path, 'backup-1']);
    await execa('qemu-io', ['-f', 'qcow2', '-c', 'write -P 2 1M 1M', '-c', 'write -z 3M 1M', path]);
    const url = await serve(path, '--read-only', '--bitmap=backup-1');
    const id = await daemon.ticket({ url, size, dirty: true });
    expect(await json(id, '/extents?context=dirty')).toEqual([
      { start: 0, length: mebi, dirty: false, zero: false },
      { start: mebi, length: mebi, dirty: true, zero: false },
      { start: 2 * mebi, length: mebi, dirty: false, zero: false },
      { start: 3 * mebi, length: mebi, dirty: true, zero: true },
      { start: 4 * mebi, length: 12 * mebi, dirty: false, zero: true },
    ]);
    expect((await ask(await daemon.ticket({ url, size }), '/extents?context=dirty')).status).toBe(404);
    const without = await serve(await qcow2(size), '--read-only');
    expect((await ask(await daemon.ticket({ url: without, size, dirty: true }), '/extents?context=dirty')).status).toBe(404);
  });

  test('is refused where the image is smaller than the ticket says, or can only be read', async () => {
    const url = await serve(await qcow2(mebi), '--read-only');
    expect((await ask(await daemon.ticket({ url, size: mebi + 1 }))).status).toBe(500);
    const id = await daemon.ticket({ url, size: mebi, ops: ['write'] });
    const answer = await ask(id, '', { method: 'PUT', body: Buffer.alloc(10) });
    expect([answer.status, answer.body.toString()]).toEqual([500, 'the image can only be read\n']);
    expect((await ask(await daemon.ticket({ url: `${url}:exportname=none`, size: 1 }))).status).toBe(500);
    expect((await ask(await daemon.ticket({ url: 'nbd:unix:/nowhere', size: 1 }))).status).toBe(500);
  });

  test('that its server takes away in the middle is a fault, and is there again with the next one', async () => {
    const size = 64 * mebi;
    const path = await qcow2(size);
    const url = await serve(path);
    const id = await daemon.ticket({ url, size, ops: ['write'] });
    expect((await ask(id, '', { method: 'PUT', body: Buffer.from('x') })).status).toBe(200);
    const [server] = servers;
    const ended = server === undefined ? null : once(server, 'exit');
    server?.kill('SIGKILL');
    await ended;
    expect((await ask(id, '', { method: 'PUT', body: Buffer.from('y') })).status).toBe(500);
    const second = await serve(path);
    const again = await daemon.ticket({ url: second, size, ops: ['write'] });
    expect((await ask(again, '', { method: 'PUT', body: Buffer.from('z') })).status).toBe(200);
  });
});

describe('an NBD server that', () => {
  const pretend = async (bytes: Buffer): Promise<string> => {
    const path = join(daemon.folder, `${++number}.sock`);
    const server = createServer((socket) => socket.on('error', () => undefined).end(bytes)).listen(path);
    await once(server, 'listening');
    return `nbd:unix:${path}`;
  };
  const greeting = Buffer.from('NBDMAGICIHAVEOPT\0\x03');
  const option = (number: number, type: number, length: number): Buffer => {
    const reply = Buffer.alloc(20);
    reply.writeBigUInt64BE(0x3e889045565a9n);
    reply.writeUInt32BE(number, 8);
    reply.writeUInt32BE(type, 12);
    reply.writeUInt32BE(length, 16);
    return reply;
  };
  test.each([
    ['speaks something else', Buffer.from('HTTP/1.1 200 OK and so on and on')],
    ['speaks the oldstyle', Buffer.from('NBDMAGIC\0\0\x42\x02\x81\x86\x12\x53\0\0')],
    ['does not speak the fixed newstyle', Buffer.from('NBDMAGICIHAVEOPT\0\0')],
    ['ends too early', greeting],
    ['answers another option', Buffer.concat([greeting, option(7, 1, 0)])],
    ['answers too much', Buffer.concat([greeting, option(8, 3, 2 ** 31)])],
    ['has no structured replies', Buffer.concat([greeting, option(8, 2 ** 31 + 1, 0)])],
  ])('%s is a fault', async (_what, bytes) => {
    expect((await ask(await daemon.ticket({ url: await pretend(bytes), size: 10 }))).status).toBe(500);
  });
});
