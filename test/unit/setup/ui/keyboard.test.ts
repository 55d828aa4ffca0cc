import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EndOfInput } from '#kit';
import { type Keyboard, stdinKeyboard } from '../../../../src/setup/ui/keyboard.ts';

/** A standard input of our own, in place of that of the process. */
function keyboard(on: { terminal?: boolean } = {}) {
  const abort = new AbortController();
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: on.terminal ?? false, setRawMode: (mode: boolean) => void raw.push(mode) });
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as unknown as typeof process.stdin);
  const made: Keyboard = stdinKeyboard(abort.signal);
  return { keyboard: made, stdin, abort, raw };
}
afterEach(() => void vi.restoreAllMocks());

describe('lines of a pipe', () => {
  test('are read one after the other, however they arrive', async () => {
    const { keyboard: on, stdin } = keyboard();
    stdin.write('first\nsec');
    expect(await on.line(false)).toBe('first');
    const second = on.line(false);
    stdin.write('ond\r\n\nlast');
    expect(await second).toBe('second');
    expect(await on.line(false)).toBe('');
    stdin.write('\n');
    expect(await on.line(true)).toBe('last');
  });

  test('keep characters together that arrive in pieces', async () => {
    const { keyboard: on, stdin } = keyboard();
    const bytes = Buffer.from('ä🐢\n');
    const line = on.line(false);
    for (const byte of bytes) stdin.write(Buffer.from([byte]));
    expect(await line).toBe('ä🐢');
  });

  test('end with the input; a last line without its end does not count', async () => {
    const { keyboard: on, stdin } = keyboard();
    stdin.end('whole\ncut o');
    expect(await on.line(false)).toBe('whole');
    await expect(on.line(false)).rejects.toBeInstanceOf(EndOfInput);
    await expect(on.line(true)).rejects.toBeInstanceOf(EndOfInput);
  });

  test('end with an error of the input', async () => {
    const { keyboard: on, stdin } = keyboard();
    const line = on.line(false);
    stdin.destroy(new Error('gone'));
    await expect(line).rejects.toBeInstanceOf(EndOfInput);
  });

  test('may not be endless', async () => {
    const { keyboard: on, stdin } = keyboard();
    stdin.write('x'.repeat(70_000));
    await expect(on.line(false)).rejects.toMatchObject({ code: 'refused' });
  });

  test('are not waited for after a signal', async () => {
    const { keyboard: on, abort } = keyboard();
    const line = on.line(false);
    abort.abort();
    await expect(line).rejects.toMatchObject({ code: 'cancelled', message: 'Cancelled with a signal' });
    await expect(on.line(false)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a hidden line at a terminal', () => {
  const typed = async (...keys: readonly string[]) => {
    const { keyboard: on, stdin, raw } = keyboard({ terminal: true });
    const line = on.line(true).finally(() => expect(raw).toEqual([true, false]));
    for (const key of keys) stdin.write(key);
    return line;
  };

  test('is read in raw mode, which ends with it', async () => {
    expect(await typed('ge', 'heim', '\r')).toBe('geheim');
    expect(await typed('x\n')).toBe('x');
    expect(await typed('\r')).toBe('');
  });

  test('can be corrected by characters and as a whole', async () => {
    expect(await typed('ab\u007fc\r')).toBe('ac');
    expect(await typed('ab🐢\bc\r')).toBe('abc');
    expect(await typed('\u007f\u007fx\r')).toBe('x');
    expect(await typed('wrong\u0015right\r')).toBe('right');
  });

  test('keeps blanks, and drops control characters', async () => {
    expect(await typed(' a b \r')).toBe(' a b ');
    expect(await typed('a\u0001\tb\u0004\r')).toBe('ab');
  });

  test.each([
    ['\u0003', 'Cancelled with Ctrl-C'],
    ['abc\u0003', 'Cancelled with Ctrl-C'],
    ['\u0004', 'Cancelled with Ctrl-D'],
  ])('is left by %j', async (keys, message) => {
    await expect(typed(keys)).rejects.toMatchObject({ code: 'cancelled', message });
  });

  test('is left when the terminal is gone', async () => {
    const { keyboard: on, stdin, raw } = keyboard({ terminal: true });
    const line = on.line(true);
    stdin.end();
    await expect(line).rejects.toMatchObject({ code: 'cancelled' });
    expect(raw).toEqual([true, false]);
  });

  test('leaves what was typed ahead to the next question', async () => {
    const { keyboard: on, stdin } = keyboard({ terminal: true });
    stdin.write('secret\rnext\n');
    expect(await on.line(true)).toBe('secret');
    expect(await on.line(false)).toBe('next');
  });
});

test('Ctrl-D on an empty visible line at a terminal cancels', async () => {
  const { keyboard: on, stdin } = keyboard({ terminal: true });
  expect(on.terminal).toBe(true);
  const line = on.line(false);
  stdin.end();
  await expect(line).rejects.toMatchObject({ code: 'cancelled', message: 'Cancelled with Ctrl-D' });
});

test('between questions nothing is read, so that a program may end', async () => {
  const { keyboard: on, stdin } = keyboard();
  stdin.write('x\n');
  await on.line(false);
  expect(stdin.isPaused()).toBe(true);
  on.close();
  expect(stdin.destroyed).toBe(true);
});
