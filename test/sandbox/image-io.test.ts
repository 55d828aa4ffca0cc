import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askHealth } from '../../src/setup/host/health-socket.ts';
import { type ImageAnswer, type ImageService, oneConnection, startImageService } from '../support/image-io.ts';
import { eventually } from '../support/trial.ts';
import { type TestPki, makePki } from '../support/websocket-proxy.ts';

const mebi = 2 ** 20;
let pki: TestPki;
let daemon: ImageService;
let number = 0;

beforeAll(async () => {
  pki = await makePki();
  daemon = await startImageService(pki, { REMOVE_TIMEOUT: '2' });
});
afterAll(async () => {
  expect(await daemon.end()).toBe(0);
  await pki.remove();
});

/** A file with some bytes, or a hole of a length. */
async function image(content: Buffer | number): Promise<string> {
  const path = join(daemon.folder, `${++number}.img`);
  await writeFile(path, typeof content === 'number' ? '' : content);
  if (typeof content === 'number') await truncate(path, content);
  return path;
}
const said = ({ status, body }: ImageAnswer): string => `${status} ${body.toString().trim()}`;
const json = ({ body }: ImageAnswer): unknown => JSON.parse(body.toString());
const stateOf = async (id: string): Promise<Record<string, unknown>> =>
  json(await daemon.control('GET', `/tickets/${id}`)) as Record<string, unknown>;
const allocated = async (path: string): Promise<number> => (await stat(path)).blocks * 512;
const reading = async (content: Buffer, more = {}): Promise<string> =>
  daemon.ticket({ url: `file://${await image(content)}`, size: content.length, ...more });

describe('a ticket', () => {
  const fields = { timeout: 60, size: 10, ops: ['read'], url: 'file:///nowhere' };
  const id = '4b1a9a3c-8b27-4d4c-9c0a-0d1c1c9c5c11';

  test.each([
    ['without a size', { size: undefined }],
    ['with a negative size', { size: -1 }],
    ['with a size that is no integer', { size: 1.5 }],
    ['without a direction', { ops: [] }],
    ['with an unknown direction', { ops: ['read', 'delete'] }],
    ['of another name', { uuid: 'a45a9a3c-8b27-4d4c-9c0a-0d1c1c9c5c22' }],
    ['with a place of another kind', { url: 'ftp://host/image' }],
    ['with a relative path', { url: 'file://host/image' }],
    ['that leads to another host', { url: 'https://192.0.2.1:54322/images/a' }],
    ['with a file name of two lines', { filename: 'a\nb' }],
    ['with a timeout that is a text', { timeout: '60' }],
  ])('%s is refused, and says why', async (_what, wrong) => {
    const answer = await daemon.control('PUT', `/tickets/${id}`, { uuid: id, ...fields, ...wrong });
    expect(said(answer)).toMatch(/^400 .+/);
    expect(said(await daemon.control('GET', `/tickets/${id}`))).toBe('404 there is no such ticket');
  });

  test('that is no JSON, is too long, or has no name is refused', async () => {
    expect(said(await daemon.control('PUT', `/tickets/${id}`, 'not JSON'))).toBe('400 the body is not JSON');
    expect(said(await daemon.control('PUT', `/tickets/${id}`, JSON.stringify({ uuid: 'x'.repeat(70_000) })))).toMatch(/^413 /);
    expect(said(await daemon.control('PUT', '/tickets/name', fields))).toMatch(/^400 /);
    expect(said(await daemon.control('GET', '/elsewhere'))).toMatch(/^404 /);
    expect(said(await daemon.control('POST', `/tickets/${id}`))).toMatch(/^405 /);
  });

  test('can be put again as it is, extended and taken away, and no other of its name be put', async () => {
    const put = (more = {}): Promise<ImageAnswer> => daemon.control('PUT', `/tickets/${id}`, { uuid: id, ...fields, ...more });
    expect((await put()).status).toBe(200);
    expect((await put({ timeout: 90 })).status).toBe(200);
    expect(said(await put({ ops: ['write'] }))).toMatch(/^409 /);
    expect(said(await put({ url: 'file:///elsewhere' }))).toMatch(/^409 /);
    const before = Number((await stateOf(id))['expires']);
    expect((await daemon.control('PATCH', `/tickets/${id}`, { timeout: 600 })).status).toBe(200);
    expect(await stateOf(id)).toMatchObject({ uuid: id, active: false, canceled: false, connections: 0, transferred: 0 });
    expect(Number((await stateOf(id))['expires'])).toBeGreaterThan(before + 400);
    expect(said(await daemon.control('PATCH', `/tickets/${id}`, { timeout: -1 }))).toMatch(/^400 /);
    expect((await daemon.control('DELETE', `/tickets/${id}`)).status).toBe(204);
    expect((await daemon.control('DELETE', `/tickets/${id}`)).status).toBe(204);
    expect(said(await daemon.control('PATCH', `/tickets/${id}`, { timeout: 1 }))).toMatch(/^404 /);
  });

  test('that is unknown, forged, expired or taken away opens nothing, and the connection is closed', async () => {
    const content = randomBytes(100);
    const expired = await reading(content, { timeout: 0 });
    const taken = await reading(content);
    await daemon.control('DELETE', `/tickets/${taken}`);
    await sleep(5);
    for (const name of [id, 'name', '..', expired, taken, expired.slice(0, -1), `${taken}x`]) {
      const answer = await daemon.ask(`/images/${name}`);
      // What is no name at all is another address.
      const status = name === '..' ? 404 : 403;
      expect([name, answer.status, answer.headers.connection]).toEqual([name, status, 'close']);
      expect([name, (await daemon.ask(`/images/${name}`, { method: 'PUT', body: content })).status]).toEqual([name, status]);
    }
    expect(daemon.log()).not.toContain(expired);
  });

  test('for reading writes nothing; one for writing reads as well', async () => {
    const content = randomBytes(1000);
    const path = await image(content);
    const forReading = await daemon.ticket({ url: `file://${path}`, size: 1000 });
    expect(said(await daemon.ask(`/images/${forReading}`, { method: 'PUT', body: Buffer.alloc(1000) }))).toBe(
      '403 the ticket is for reading',
    );
    const zero = JSON.stringify({ op: 'zero', size: 1000 });
    expect((await daemon.ask(`/images/${forReading}`, { method: 'PATCH', body: zero })).status).toBe(403);
    expect(await readFile(path)).toEqual(content);
    const forWriting = await daemon.ticket({ url: `file://${path}`, size: 1000, ops: ['write'] });
    expect((await daemon.ask(`/images/${forWriting}`)).body).toEqual(content);
  });

  test('leads to no folder, device or file that is shorter than it says', async () => {
    const short = await image(randomBytes(10));
    for (const [url, size] of [
      ['file:///dev/zero', 10],
      [`file://${daemon.folder}`, 10],
      [`file://${short}`, 11],
      ['file:///nowhere', 1],
    ] as const)
      expect((await daemon.ask(`/images/${await daemon.ticket({ url, size })}`)).status).toBe(500);
    await daemon.sees('ENOENT');
  });
});

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

describe('what a client can learn', () => {
  test('is what can be done, with a ticket and without', async () => {
    const all = await daemon.ask('/images/*', { method: 'OPTIONS' });
    expect([all.status, all.headers.allow, json(all)]).toEqual([
      200,
      'OPTIONS,GET,PUT,PATCH',
      { features: ['checksum', 'extents', 'flush', 'zero'] },
    ]);
    const id = await reading(Buffer.from('x'));
    const mine = await daemon.ask(`/images/${id}`, { method: 'OPTIONS' });
    expect([mine.headers.allow, json(mine)]).toEqual([
      'OPTIONS,GET',
      { features: ['checksum', 'extents'], max_readers: 8, max_writers: 8 },
    ]);
    expect((await daemon.ask('/images/4b1a9a3c-8b27-4d4c-9c0a-0d1c1c9c5c99', { method: 'OPTIONS' })).status).toBe(403);
    expect(json(await daemon.ask('/info/'))).toEqual({ version: expect.stringMatching(/^\d/) as string });
    expect((await daemon.ask('/images/')).status).toBe(404);
    for (const address of ['//', '//[', '/%']) expect((await daemon.ask(address)).status, address).toBe(404);
    const wrong = await daemon.ask(`/images/${id}`, { method: 'DELETE' });
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'OPTIONS,GET,HEAD,PUT,PATCH']);
  });

  test('is a checksum of blocks, whatever is a hole', async () => {
    const content = Buffer.concat([randomBytes(mebi), Buffer.alloc(6 * mebi), randomBytes(mebi + 5)]);
    const path = await image(content);
    await execa('fallocate', ['--dig-holes', path]);
    const id = await daemon.ticket({ url: `file://${path}`, size: content.length });
    const blocks = (size: number): Buffer[] =>
      Array.from({ length: Math.ceil(content.length / size) }, (_, at) => content.subarray(at * size, (at + 1) * size));
    const b2sum = async (input: Buffer): Promise<string> => (await execa('b2sum', ['-l', '256'], { input })).stdout.slice(0, 64);
    const digests = await Promise.all(blocks(4 * mebi).map(b2sum));
    expect(json(await daemon.ask(`/images/${id}/checksum`))).toEqual({
      checksum: await b2sum(Buffer.from(digests.join(''), 'hex')),
      algorithm: 'blake2b',
      block_size: 4 * mebi,
    });
    const sha = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
    expect(json(await daemon.ask(`/images/${id}/checksum?algorithm=sha256&block_size=1048576`))).toMatchObject({
      checksum: sha(Buffer.concat(blocks(mebi).map(sha))).toString('hex'),
    });
    for (const query of ['algorithm=crc', 'block_size=1', 'block_size=1048577', 'block_size=33554432'])
      expect((await daemon.ask(`/images/${id}/checksum?${query}`)).status).toBe(400);
    expect(json(await daemon.ask('/images/*/checksum/algorithms'))).toMatchObject({
      algorithms: expect.arrayContaining(['blake2b', 'blake2s']) as string[],
    });
    expect((await daemon.ask(`/images/${id}/extents?context=dirty`)).status).toBe(404);
    expect((await daemon.ask(`/images/${id}/extents?context=all`)).status).toBe(400);
  });

  test('is told to pages of other origins, as far as they ask', async () => {
    const plain = await daemon.ask('/info/');
    expect(Object.keys(plain.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    const asked = await daemon.ask('/images/*', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://engine.example.org',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-range',
      },
    });
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*',
      'access-control-allow-methods': 'OPTIONS,GET,PUT',
      'access-control-max-age': '86400',
    });
  });

  test('is how the service is', async () => {
    expect(await askHealth(daemon.healthSocket)).toMatchObject({ service: 'image-io', state: 'ready', checks: { certificate: 'up' } });
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

test('images lie in the folders that are named, wherever links lead', async () => {
  const narrow = await startImageService(pki, { IMAGE_FOLDERS: join(pki.folder, 'nowhere') });
  try {
    const path = await image(Buffer.from('secret'));
    expect(said(await narrow.ask(`/images/${await narrow.ticket({ url: `file://${path}`, size: 6 })}`))).toBe(
      '403 the image lies outside of the folders for images',
    );
  } finally {
    await narrow.end();
  }
});

test('clients on this machine may come by a socket, without TLS and with a ticket', async () => {
  const name = `/engine-setup-test/${process.pid}`;
  const local = await startImageService(pki, { LOCAL_SOCKET: `@${name}` });
  try {
    const path = await image(Buffer.from('content'));
    const id = await local.ticket({ url: `file://${path}`, size: 7 });
    expect(json(await local.ask(`/images/${id}`, { method: 'OPTIONS' }))).toMatchObject({ unix_socket: `\0${name}` });
    const { stdout } = await execa('curl', ['--silent', '--abstract-unix-socket', name, `http://localhost/images/${id}`]);
    expect(stdout).toBe('content');
  } finally {
    await local.end();
  }
});

test('a socket of theirs in the file system replaces one that a killed service has left, and goes with the service', async () => {
  const socket = join(pki.folder, 'clients.sock');
  const killed = await startImageService(pki, { LOCAL_SOCKET: socket });
  await killed.end('SIGKILL');
  expect((await stat(socket)).isSocket()).toBe(true);
  const local = await startImageService(pki, { LOCAL_SOCKET: socket });
  const { stdout } = await execa('curl', ['--silent', '--unix-socket', socket, 'http://localhost/info/']);
  expect(JSON.parse(stdout)).toHaveProperty('version');
  expect(await local.end()).toBe(0);
  await expect(stat(socket)).rejects.toThrow('ENOENT');
});

test('a client without a certificate is turned away where all must have one, and one with a foreign one always', async () => {
  const strict = await startImageService(pki, { CLIENT_CA: pki.path('ca.pem'), CLIENT_CERTIFICATE_REQUIRED: 'True' });
  const lenient = await startImageService(pki, { CLIENT_CA: pki.path('ca.pem') });
  const as = async (service: ImageService, name: string | null): Promise<string> => {
    const own = name === null ? [] : ['--cert', pki.path(`${name}.pem`), '--key', pki.path(`${name}.key`)];
    const { stdout } = await execa(
      'curl',
      ['--silent', '--cacert', pki.path('ca.pem'), ...own, '--write-out', '%{http_code}', '--output', '/dev/null', service.url('/info/')],
      {
        reject: false,
      },
    );
    return stdout;
  };
  try {
    expect([await as(strict, null), await as(strict, 'engine'), await as(strict, 'stranger')]).toEqual(['000', '200', '000']);
    expect([await as(lenient, null), await as(lenient, 'engine'), await as(lenient, 'stranger')]).toEqual(['200', '200', '000']);
  } finally {
    await strict.end();
    await lenient.end();
  }
});

test('an image that is open is closed when nobody asks for it any more', async () => {
  const path = await image(Buffer.from('x'));
  const id = await daemon.ticket({ url: `file://${path}`, size: 1 });
  await daemon.ask(`/images/${id}`);
  const isOpen = async (): Promise<boolean> => (await execa('ls', ['-l', `/proc/${daemon.pid}/fd`])).stdout.includes(path);
  expect(await isOpen()).toBe(true);
  await eventually('it is closed', async () => !(await isOpen()));
});
