import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Frame, type FrameLimits, StompError, createFrameReader, writeFrame } from '../../../../src/services/frame/stomp.ts';

const read = (bytes: string | Buffer, size = Infinity, limits?: FrameLimits) => {
  const frames: Frame[] = [];
  const reader = createFrameReader((frame) => frames.push(frame), limits);
  const all = Buffer.from(bytes as string);
  for (let at = 0; at < all.length; at += size) reader(all.subarray(at, at + size));
  return frames.map(({ verb, headers, body }) => ({ verb, headers: Object.fromEntries(headers), body: body.toString() }));
};

describe('frames that arrive', () => {
  test('are read whole, however they were cut', () => {
    const bytes =
      'SUBSCRIBE\r\ndestination:jms.topic.vdsm_responses\r\nid:1\r\nack:auto\r\n\r\n\0\n\r\n\nSEND\ndestination:q\ncontent-length:3\n\na\0b\0SEND\n\nto the NUL\0';
    for (const size of [1, 2, 7, Infinity]) {
      expect(read(bytes, size)).toEqual([
        { verb: 'SUBSCRIBE', headers: { destination: 'jms.topic.vdsm_responses', id: '1', ack: 'auto' }, body: '' },
        { verb: 'SEND', headers: { destination: 'q', 'content-length': '3' }, body: 'a\0b' },
        { verb: 'SEND', headers: {}, body: 'to the NUL' },
      ]);
    }
  });

  test('have escapes in their headers, except those that begin a connection; the first of two equal headers counts', () => {
    expect(read('SEND\na\\cb:\\\\\\n\\r:x\na\\cb:second\n\n\0')).toMatchObject([{ headers: { 'a:b': '\\\n\r:x' } }]);
    expect(read('CONNECT\nhost:a\\cb\n\n\0')).toMatchObject([{ headers: { host: 'a\\cb' } }]);
  });

  test.each([
    ['an unknown escape', 'SEND\na:\\t\n\n\0', 'unknown escape'],
    ['a backslash at the end', 'SEND\na:\\\n\n\0', 'unknown escape'],
    ['a header without a name', 'SEND\n:a\n\n\0', 'no name'],
    ['a line that is no header', 'SEND\nab\n\n\0', 'no name'],
    ['small letters', 'send\n\n\0', 'command'],
    ['a TLS record', '\x16\x03\x01\x02\n', 'command|NUL'],
    ['a NUL among the headers', 'SEND\na:\0\n\n\0', 'NUL'],
    ['a length that is none', 'SEND\ncontent-length:-1\n\n\0', 'not a number'],
    ['a length that is wrong', 'SEND\ncontent-length:1\n\nab\0', 'does not end'],
    ['a length beyond all limits', 'SEND\ncontent-length:99999999999\n\n', 'longer than'],
  ])('are refused with %s', (_what, bytes, reason) => {
    const attempt = () => read(bytes);
    expect(attempt).toThrow(StompError);
    expect(attempt).toThrow(new RegExp(reason));
  });

  test('are refused when their headers are no UTF-8', () => {
    expect(() => read(Buffer.from('SEND\na:\xff\n\n\0', 'latin1'))).toThrow('UTF-8');
  });

  test('may not be larger than the limits, also before they end', () => {
    const limits = { headBytes: 40, headers: 2, bodyBytes: 4 };
    expect(read('SEND\na:1\nb:2\n\n1234\0', 1, limits)).toHaveLength(1);
    expect(() => read(`SEND\na:${'x'.repeat(40)}`, 1, limits)).toThrow('headers are longer than 40 bytes');
    expect(() => read('SEND\na:1\nb:2\nc:3\n\n\0', 1, limits)).toThrow('more than 2 headers');
    expect(() => read('SEND\n\n12345', 1, limits)).toThrow('body is longer than 4 bytes');
    expect(() => read('SEND\ncontent-length:5\n\n', 1, limits)).toThrow('body is longer than 4 bytes');
  });

  test('count their limits anew', () => {
    expect(read('SEND\na:12345678\n\n1234\0'.repeat(9), 3, { headBytes: 20, headers: 2, bodyBytes: 4 })).toHaveLength(9);
  });

  test('never do more than fail, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
        try {
          read(Buffer.concat([Buffer.from('SEND\n'), bytes]), size);
        } catch (error) {
          expect(error).toBeInstanceOf(StompError);
        }
      }),
    );
  });
});

describe('a frame that is written', () => {
  test('is what the reader reads', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.dictionary(word, word), fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 9 }), (headers, body, size) => {
        fc.pre(!Object.hasOwn(headers, 'content-length'));
        const length = Buffer.byteLength(body);
        expect(read(writeFrame('SEND', headers, body), size)).toEqual([
          {
            verb: 'SEND',
            headers: { ...headers, ...(length > 0 ? { 'content-length': `${length}` } : {}) },
            body: Buffer.from(body).toString(),
          },
        ]);
      }),
    );
  });

  test('cannot be ended by what stands in its headers', () => {
    expect(writeFrame('CONNECT', { host: 'a\n\n\0SEND' }).toString()).toBe('CONNECT\nhost:aSEND\n\n\0');
    expect(writeFrame('ERROR', { message: 'a\n\n\0b' }).toString()).toBe('ERROR\nmessage:a\\n\\nb\n\n\0');
  });
});
