import { Duplex, PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createByteReader } from '../../../../src/services/frame/byte-reader.ts';
import { playTurns } from '../../../../src/services/websocket-proxy/turns.ts';
import { browserTurns, chooseX509, rfbVersion } from '../../../../src/services/websocket-proxy/vencrypt.ts';

/** A display that says all it has to say at once, and what was said to it. */
function display(...words: readonly (readonly number[])[]) {
  const heard: Buffer[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      heard.push(chunk);
      done();
    },
  });
  stream.push(Buffer.from(words.flat()));
  stream.push(null);
  return { stream, heard: () => Buffer.concat(heard) };
}

const x509Vnc = [0, 0, 1, 5];
const x509None = [0, 0, 1, 4];

describe('the way to TLS with a display', () => {
  test('leads over VeNCrypt 0.2 to X509VNC', async () => {
    const { stream, heard } = display([2, 2, 19], [0, 2], [0], [2, ...x509None, ...x509Vnc], [1]);
    await chooseX509(stream, createByteReader(stream));
    expect(heard()).toEqual(Buffer.concat([rfbVersion, Buffer.from([19, 0, 2, ...x509Vnc])]));
  });

  test.each<[string, readonly (readonly number[])[], string]>([
    ['refuses', [[0], [0, 0, 0, 3], [110, 111, 33]], 'the display refuses: no!'],
    ['has no VeNCrypt', [[1, 2]], 'does not offer VeNCrypt'],
    [
      'has an old VeNCrypt',
      [
        [1, 19],
        [0, 1],
      ],
      'older VeNCrypt than 0.2',
    ],
    ['does not take 0.2', [[1, 19], [0, 2], [255]], 'does not speak VeNCrypt 0.2'],
    ['has no certificates with a password', [[1, 19], [0, 2], [0], [1, ...x509None]], 'does not offer X509VNC'],
    ['changes its mind', [[1, 19], [0, 2], [0], [1, ...x509Vnc], [0]], 'does not accept X509VNC'],
    ['goes away in between', [[1, 19], [0]], 'the connection was closed'],
  ])('ends where it %s', async (_, words, why) => {
    const { stream } = display(...words);
    await expect(chooseX509(stream, createByteReader(stream))).rejects.toThrow(why);
  });

  test('ends with a reason, whatever the display says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
        const { stream } = display([...bytes]);
        await chooseX509(stream, createByteReader(stream)).catch((error: unknown) => expect(error).toBeInstanceOf(Error));
      }),
    );
  });
});

describe('reading a number of bytes', () => {
  test('leaves the rest in the stream, however the bytes arrive', async () => {
    const stream = new PassThrough();
    const reader = createByteReader(stream);
    const first = reader.take(4);
    for (const part of ['ab', 'c', 'defg']) {
      stream.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await first).toString()).toBe('abcd');
    expect((await reader.take(0)).length).toBe(0);
    expect((await reader.take(2)).toString()).toBe('ef');
    reader.release();
    const rest = new Promise((resolve) => stream.once('data', resolve));
    expect(String(await rest)).toBe('g');
  });

  test('leaves the process free for others while too few have arrived', async () => {
    const stream = new PassThrough();
    const reader = createByteReader(stream);
    const all = reader.take(4);
    stream.write('ab');
    await new Promise((resolve) => setTimeout(resolve, 1));
    stream.destroy(new Error('cut'));
    await expect(all).rejects.toThrow('cut');
  });

  test('tells who speaks first', async () => {
    const stream = new PassThrough();
    const reader = createByteReader(stream);
    expect(await reader.speaks(1)).toBe(false);
    stream.write('x');
    expect(await reader.speaks(60_000)).toBe(true);
    expect((await reader.take(1)).toString()).toBe('x');
  });
});

describe('the turns with a browser', () => {
  test('lead to plain VNC authentication, however its bytes are cut', () => {
    const answer = Buffer.concat([rfbVersion, Buffer.of(2), Buffer.from('response')]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: answer.length }), { maxLength: 6 }), (cuts) => {
        const said: Buffer[] = [];
        const turns = playTurns(browserTurns, (bytes) => said.push(bytes));
        const rests: Buffer[] = [];
        const points = [0, ...cuts.sort((a, b) => a - b), answer.length];
        for (const [at, point] of points.slice(1).entries()) {
          const part = answer.subarray(points[at], point);
          if (rests.length > 0) rests.push(part);
          else {
            const rest = turns.hear(part);
            if (rest !== null) rests.push(rest);
          }
        }
        expect(Buffer.concat(rests).toString()).toBe('response');
        expect(Buffer.concat(said)).toEqual(Buffer.concat([rfbVersion, Buffer.of(1, 2)]));
      }),
    );
  });

  test.each(['RFB 003.003\n', 'GET / HTTP/1.1'])('end when it says %j', (text) => {
    const turns = playTurns(browserTurns, () => undefined);
    expect(() => turns.hear(Buffer.from(text))).toThrow('does not speak RFB 3.8');
  });
});
