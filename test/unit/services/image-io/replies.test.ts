import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createByteReader } from '../../../../src/services/frame/byte-reader.ts';
import { type Pending, receiveReplies } from '../../../../src/services/image-io/nbd/replies.ts';

const chunk = (type: number, data: Buffer, { flags = 1, cookie = 1n } = {}): Buffer => {
  const head = Buffer.alloc(20);
  head.writeUInt32BE(0x668e33ef, 0);
  head.writeUInt16BE(flags, 4);
  head.writeUInt16BE(type, 6);
  head.writeBigUInt64BE(cookie, 8);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
};
const numbers = (...values: readonly (number | bigint)[]): Buffer =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(typeof value === 'bigint' ? 8 : 4);
      if (typeof value === 'bigint') bytes.writeBigUInt64BE(value);
      else bytes.writeUInt32BE(value);
      return bytes;
    }),
  );

/** What a command of ten bytes from 100 on comes to when a server says something. */
async function heard(bytes: Buffer, into: Buffer | null = Buffer.alloc(10, 9)) {
  const stream = new PassThrough();
  const outcome: { error?: unknown; settled: boolean } = { settled: false };
  const waiting: Pending = {
    offset: 100,
    into,
    status: new Map(),
    settle: (error) => Object.assign(outcome, { error, settled: true }),
  };
  stream.end(bytes);
  const ended: unknown = await receiveReplies(createByteReader(stream), new Map([[1n, waiting]])).catch((error: unknown) => error);
  return { ...outcome, into, status: waiting.status, ended: (ended as Error).message };
}

describe('replies of an NBD server', () => {
  test('fill what was asked for, in pieces and holes', async () => {
    const bytes = [
      chunk(1, Buffer.concat([numbers(106n), Buffer.from('abcd')]), { flags: 0 }),
      chunk(2, numbers(100n, 6), { flags: 0 }),
      chunk(0, Buffer.alloc(0)),
    ];
    const { settled, error, into } = await heard(Buffer.concat(bytes));
    expect([settled, error, into]).toEqual([true, undefined, Buffer.from('\0\0\0\0\0\0abcd')]);
  });

  test('tell what blocks are', async () => {
    const { status } = await heard(chunk(5, numbers(7, 4096, 3, 8192, 0)), null);
    expect(status.get(7)).toEqual([
      { length: 4096, flags: 3 },
      { length: 8192, flags: 0 },
    ]);
  });

  test('are errors by their numbers', async () => {
    const message = Buffer.from('full');
    const length = Buffer.of(0, message.length);
    expect((await heard(chunk(2 ** 15 + 1, Buffer.concat([numbers(28), length, message])))).error).toMatchObject({ code: 'ENOSPC' });
    const simple = Buffer.concat([numbers(0x67446698, 5), numbers(1n)]);
    expect((await heard(simple)).error).toMatchObject({ code: 'EIO' });
  });

  test.each([
    ['bytes before the place', chunk(1, Buffer.concat([numbers(99n), Buffer.from('a')]))],
    ['bytes behind the place', chunk(1, Buffer.concat([numbers(109n), Buffer.from('ab')]))],
    ['a hole behind the place', chunk(2, numbers(105n, 2 ** 31))],
    ['a piece without a place', chunk(1, Buffer.alloc(3))],
    ['a status of no length', chunk(5, numbers(7, 0, 1))],
    ['half a status', chunk(5, numbers(7, 4096))],
    ['an unknown kind', chunk(77, Buffer.alloc(0))],
    ['an answer to nothing', chunk(0, Buffer.alloc(0), { cookie: 2n })],
    ['too much', chunk(1, Buffer.alloc(0)).fill(0xff, 16, 20)],
    ['a read without structure', Buffer.concat([numbers(0x67446698, 0), numbers(1n)])],
    ['something else', Buffer.alloc(16)],
  ])('that are %s end the connection, and write nowhere else', async (_what, bytes) => {
    const { ended } = await heard(bytes);
    expect(ended).toMatch(/^the NBD server /);
  });

  test('of any bytes neither hang nor reach outside', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const whole = Buffer.alloc(30, 9);
        await heard(Buffer.concat([chunk(1, Buffer.from(bytes)), Buffer.from(bytes)]), whole.subarray(10, 20));
        expect([...whole.subarray(0, 10), ...whole.subarray(20)].every((byte) => byte === 9)).toBe(true);
      }),
    );
  });
});
