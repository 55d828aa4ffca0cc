import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ImageAnswer, type ImageService, json, oneConnection, said, startImageService, useImageService } from '../support/image-io.ts';
import type { TestPki } from '../support/pki.ts';
import { eventually } from '../support/trial.ts';

/* What goes through the image service: whole images, ranges, zeroes and holes. */

const mebi = 2 ** 20;
const tests = useImageService({ REMOVE_TIMEOUT: '2' });
const { image, reading, stateOf } = tests;
let daemon: ImageService;
let pki: TestPki;
beforeAll(() => void ({ daemon, pki } = tests));
const allocated = async (path: string): Promise<number> => (await stat(path)).blocks * 512;

describe('a download', () => {
  const content = randomBytes(3 * mebi + 123);

  test('gives the whole image, or a range of it', async () => {
    const id = await reading(content, { filename: 'Größe "1".img' });
    const whole = await daemon.ask(`/images/${id}`);
    expect([whole.status, whole.body.equals(content)]).toEqual([200, true]);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(content.length),
      'content-disposition': 'attachment; filename="Gr__e _1_.img"',
      'accept-ranges': 'bytes',
    });
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=1048570-2097160', 1_048_570, 2_097_161],
      ['bytes=3145728-', 3_145_728, content.length],
    ] as const) {
      const part = await daemon.ask(`/images/${id}`, { headers: { range } });
      expect([part.status, part.headers['content-range'], part.body.equals(content.subarray(start, end))]).toEqual([
        206,
        `bytes ${start}-${end - 1}/${content.length}`,
        true,
      ]);
    }
    expect(await stateOf(id)).toMatchObject({ transferred: content.length, active: false });
  });

  test.each([
    'bytes=-10',
    'bytes=0-1,5-6',
    'bytes=5-4',
    'bytes=a-b',
    'items=0-1',
    'bytes=99999999-',
    'bytes=0-99999999',
    'bytes=0-9999999999999999',
  ])('refuses the range %s', async (range) => {
    const id = await reading(content);
    expect((await daemon.ask(`/images/${id}`, { headers: { range } })).status).toBe(416);
  });

  test('of a range behind the end says how long the image is', async () => {
    const id = await reading(content);
    const answer = await daemon.ask(`/images/${id}`, { headers: { range: `bytes=0-${content.length}` } });
    expect(answer.headers['content-range']).toBe(`bytes */${content.length}`);
  });

  test('is cut when the ticket is taken away, and not taken for whole', async () => {
    const path = await image(512 * mebi);
    const id = await daemon.ticket({ url: `file://${path}`, size: 512 * mebi });
    const request = daemon.begin(`/images/${id}`).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(await stateOf(id)).toMatchObject({ active: true, connections: 1 });
    expect((await daemon.control('DELETE', `/tickets/${id}`)).status).toBe(204);
    await expect(response.resume().toArray()).rejects.toThrow('aborted');
  });

  test('serves several readers, and no more than it says', async () => {
    const size = 256 * mebi;
    const id = await daemon.ticket({ url: `file://${await image(size)}`, size });
    const readers = Array.from({ length: 8 }, () => daemon.begin(`/images/${id}`).end());
    const responses = await Promise.all(readers.map(async (request) => ((await once(request, 'response')) as [IncomingMessage])[0]));
    expect(responses.map(({ statusCode }) => statusCode)).toEqual(Array(8).fill(200));
    expect((await daemon.ask(`/images/${id}`)).status).toBe(503);
    expect(await stateOf(id)).toMatchObject({ connections: 8 });
    for (const request of readers) request.destroy();
    await eventually('the readers are gone', async () => (await stateOf(id))['active'] === false);
    expect((await daemon.ask(`/images/${id}`, { headers: { range: 'bytes=0-9' } })).status).toBe(206);
  });
});

describe('an upload', () => {
  test('writes where it is told to, on one connection', async () => {
    const content = randomBytes(2 * mebi + 7);
    const path = await image(0);
    const id = await daemon.ticket({ url: `file://${path}`, size: content.length, ops: ['write'] });
    const agent = oneConnection(pki.ca);
    for (let at = 0; at < content.length; at += 300_001) {
      const body = content.subarray(at, at + 300_001);
      const request = daemon.begin(`/images/${id}?flush=n`, {
        method: 'PUT',
        agent,
        headers: { 'content-range': `bytes ${at}-${at + body.length - 1}/*`, 'content-length': body.length },
      });
      request.end(body);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      await once(response.resume(), 'end');
    }
    expect(await stateOf(id)).toMatchObject({ transferred: content.length, connections: 1 });
    expect((await daemon.ask(`/images/${id}`, { method: 'PATCH', body: '{"op":"flush"}' })).status).toBe(200);
    agent.destroy();
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  test.each([
    ['without a length', { 'transfer-encoding': 'chunked' }, 400],
    ['with a wrong range', { 'content-range': '0-9' }, 400],
    ['that ends behind the image', { 'content-range': 'bytes 991-1000/*' }, 416],
    ['that begins behind the image', { 'content-range': 'bytes 99999-100008/*' }, 416],
  ])('%s changes nothing', async (_what, headers, status) => {
    const content = randomBytes(1000);
    const path = await image(content);
    const id = await daemon.ticket({ url: `file://${path}`, size: 1000, ops: ['write'] });
    const request = daemon.begin(`/images/${id}`, {
      method: 'PUT',
      headers: 'transfer-encoding' in headers ? headers : { 'content-length': 10, ...headers },
    });
    request.end(Buffer.alloc(10));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(status);
    expect(await readFile(path)).toEqual(content);
  });

  test('that breaks off keeps what has come, and is taken up again', async () => {
    const content = randomBytes(8 * mebi);
    const path = await image(0);
    const id = await daemon.ticket({ url: `file://${path}`, size: content.length, ops: ['write'] });
    const first = daemon.begin(`/images/${id}`, { method: 'PUT', headers: { 'content-length': content.length } });
    first.on('error', () => undefined);
    first.write(content.subarray(0, 5 * mebi));
    await eventually('most of it has come', async () => Number((await stateOf(id))['transferred']) >= 4 * mebi);
    first.destroy();
    await eventually('it is known to be gone', async () => (await stateOf(id))['active'] === false);
    const from = Number((await stateOf(id))['transferred']);
    const rest = await daemon.ask(`/images/${id}`, {
      method: 'PUT',
      body: content.subarray(from),
      headers: { 'content-range': `bytes ${from}-${content.length - 1}/*` },
    });
    expect(rest.status).toBe(200);
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(await stateOf(id)).toMatchObject({ transferred: content.length });
  });

  test('is refused before its body, where the client waits for that', async () => {
    const size = 100 * mebi;
    const request = daemon.begin('/images/4b1a9a3c-8b27-4d4c-9c0a-0d1c1c9c5c99', {
      method: 'PUT',
      headers: { 'content-length': size, expect: '100-continue' },
    });
    let continued = false;
    request.on('continue', () => (continued = true)).flushHeaders();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect([response.statusCode, continued]).toEqual([403, false]);
    request.destroy();
  });

  test('of a client that is silent is cut after the time in the ticket', async () => {
    const id = await daemon.ticket({ url: `file://${await image(1000)}`, size: 1000, ops: ['write'], inactivity_timeout: 1 });
    const request = daemon.begin(`/images/${id}`, { method: 'PUT', headers: { 'content-length': 1000 } });
    request.write(Buffer.alloc(10));
    await once(request, 'error');
    await eventually('the operation has ended', async () => (await stateOf(id))['active'] === false);
  });

  test('of a client that only just moves ends with its ticket', async () => {
    const id = await daemon.ticket({ url: `file://${await image(1000)}`, size: 1000, ops: ['write'], timeout: 1 });
    const request = daemon.begin(`/images/${id}`, { method: 'PUT', headers: { 'content-length': 1000 } });
    request.on('error', () => undefined);
    const drip = setInterval(() => request.write('x'), 100);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    clearInterval(drip);
    expect([response.statusCode, String(await response.toArray())]).toEqual([403, 'the ticket has expired\n']);
  });
});

describe('zeroes and holes', () => {
  const zero = (id: string, offset: number, size: number): Promise<ImageAnswer> =>
    daemon.ask(`/images/${id}`, { method: 'PATCH', body: JSON.stringify({ op: 'zero', offset, size, flush: true }) });

  test('are made in a file that is there, and told of', async () => {
    const content = randomBytes(4 * mebi);
    const path = await image(content);
    const id = await daemon.ticket({ url: `file://${path}`, size: 8 * mebi, ops: ['write'], sparse: true });
    expect((await zero(id, mebi, mebi)).status).toBe(200);
    content.fill(0, mebi, 2 * mebi);
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(await allocated(path)).toBeLessThanOrEqual(3 * mebi + 65_536);
    expect(json(await daemon.ask(`/images/${id}/extents`))).toEqual([
      { start: 0, length: mebi, zero: false, hole: false },
      { start: mebi, length: mebi, zero: true, hole: false },
      { start: 2 * mebi, length: 2 * mebi, zero: false, hole: false },
      { start: 4 * mebi, length: 4 * mebi, zero: true, hole: false },
    ]);
    // Over the end, and with the server for holes started anew.
    expect((await zero(id, 3 * mebi, 4 * mebi)).status).toBe(200);
    expect((await zero(id, 6 * mebi, mebi)).status).toBe(200);
    expect((await stat(path)).size).toBe(7 * mebi);
    expect(await allocated(path)).toBeLessThanOrEqual(2 * mebi + 65_536);
  });

  test('can be listed while others are made behind the end', async () => {
    const path = await image(0);
    const file = await open(path, 'r+');
    for (let n = 0; n < 4000; n += 2) await file.write('x', n * 4096);
    await file.close();
    const id = await daemon.ticket({ url: `file://${path}`, size: 64 * mebi, ops: ['write'], sparse: true });
    const [lists] = await Promise.all([
      Promise.all(Array.from({ length: 6 }, async () => json(await daemon.ask(`/images/${id}/extents`)) as { length: number }[])),
      ...[20, 24, 28, 32].map(async (at) => expect((await zero(id, at * mebi, mebi)).status).toBe(200)),
    ]);
    for (const list of lists) expect(list.reduce((sum, { length }) => sum + length, 0)).toBe(64 * mebi);
  });

  test('stay allocated where the ticket does not say sparse', async () => {
    const path = await image(0);
    const id = await daemon.ticket({ url: `file://${path}`, size: 4 * mebi, ops: ['write'] });
    expect((await zero(id, 0, 4 * mebi)).status).toBe(200);
    expect(await allocated(path)).toBeGreaterThanOrEqual(4 * mebi);
    expect((await readFile(path)).equals(Buffer.alloc(4 * mebi))).toBe(true);
  });

  test('are not written by an upload of a sparse image', async () => {
    const size = 64 * mebi;
    const content = Buffer.alloc(size);
    randomBytes(100_000).copy(content, 10 * mebi);
    randomBytes(5).copy(content, size - 5);
    const path = await image(0);
    const id = await daemon.ticket({ url: `file://${path}`, size, ops: ['write'], sparse: true });
    expect((await daemon.ask(`/images/${id}`, { method: 'PUT', body: content })).status).toBe(200);
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(await allocated(path)).toBeLessThan(3 * mebi);
    expect(await stateOf(id)).toMatchObject({ transferred: size });
  });

  test('behind the end, or in wrong words, are refused', async () => {
    const path = await image(randomBytes(100));
    const id = await daemon.ticket({ url: `file://${path}`, size: 100, ops: ['write'] });
    const patch = async (body: string): Promise<number> => (await daemon.ask(`/images/${id}`, { method: 'PATCH', body })).status;
    expect(await patch('{"op":"zero","offset":1,"size":100}')).toBe(416);
    for (const wrong of [
      '{"op":"zero"}',
      '{"op":"erase","size":1}',
      '[]',
      'null',
      '{"op":"zero","size":1,"flush":"y"}',
      '{"op":"zero","size":-1}',
      'x',
    ])
      expect([wrong, await patch(wrong)]).toEqual([wrong, 400]);
    expect(await patch(`{"op":"zero","size":1,"x":"${'x'.repeat(5000)}"}`)).toBe(413);
  });

  test('let go of the image when the ticket is removed', async () => {
    const path = await image(4096);
    const id = await daemon.ticket({ url: `file://${path}`, size: 8192, ops: ['write'], sparse: true });
    expect((await zero(id, 0, 4096)).status).toBe(200);
    expect((await execa('pgrep', ['-P', String(daemon.pid), 'qemu-nbd'])).stdout).not.toBe('');
    expect((await daemon.control('DELETE', `/tickets/${id}`)).status).toBe(204);
    // At once: nothing that holds the file is left.
    expect((await execa('sh', ['-c', `ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c ${path}`], { reject: false })).stdout).toBe('0');
  });

  test('leave no process behind', async () => {
    await eventually(
      'no server for holes is left',
      async () => (await execa('pgrep', ['-P', String(daemon.pid)], { reject: false })).stdout === '',
    );
  });
});

const isRoot = process.getuid?.() === 0;

test.skipIf(!isRoot)('a disk that runs full in the middle is a clear fault, and the upload goes on when there is room', async () => {
  const mount = join(daemon.folder, 'small');
  const content = randomBytes(6 * mebi);
  const small = await startImageService(pki);
  await execa('mkdir', [mount]);
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount]);
  try {
    const path = join(mount, 'a.img');
    await writeFile(path, '');
    const id = await small.ticket({ url: `file://${path}`, size: content.length, ops: ['write'] });
    const answer = await small.ask(`/images/${id}`, { method: 'PUT', body: content });
    expect(said(answer)).toMatch(/^507 the storage is full/);
    const state = json(await small.control('GET', `/tickets/${id}`)) as { transferred: number };
    expect(state).toMatchObject({ canceled: false, active: false });
    expect((await readFile(path)).subarray(0, state.transferred).equals(content.subarray(0, state.transferred))).toBe(true);
    await execa('mount', ['-o', 'remount,size=16m', mount]);
    const from = state.transferred;
    const rest = await small.ask(`/images/${id}`, {
      method: 'PUT',
      body: content.subarray(from),
      headers: { 'content-range': `bytes ${from}-*/*` },
    });
    expect(rest.status).toBe(200);
    expect((await readFile(path)).equals(content)).toBe(true);
  } finally {
    await small.end();
    await execa('umount', ['--lazy', mount]);
    await rm(mount, { recursive: true, force: true });
  }
});
