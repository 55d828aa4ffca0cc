import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { askHealth } from '../../src/setup/host/health-socket.ts';
import { type ImageAnswer, type ImageService, json, said, useImageService } from '../support/image-io.ts';
import { eventually } from '../support/trial.ts';

/* Tickets of the image service, and what clients can learn of it. */

const mebi = 2 ** 20;
const tests = useImageService({ REMOVE_TIMEOUT: '2' });
const { image, reading, stateOf } = tests;
let daemon: ImageService;
beforeAll(() => void ({ daemon } = tests));

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
    await eventually('it has expired', async () => (await daemon.ask(`/images/${expired}`)).status === 403);
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

test('an image that is open is closed when nobody asks for it any more', async () => {
  const path = await image(Buffer.from('x'));
  const id = await daemon.ticket({ url: `file://${path}`, size: 1 });
  await daemon.ask(`/images/${id}`);
  // Others come and go while they are listed.
  const isOpen = async (): Promise<boolean> =>
    (await execa('ls', ['-l', `/proc/${daemon.pid}/fd`], { reject: false })).stdout.includes(path);
  expect(await isOpen()).toBe(true);
  await eventually('it is closed', async () => !(await isOpen()));
});
