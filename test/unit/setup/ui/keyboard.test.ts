import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EndOfInput } from '#kit';
import { type Keyboard, stdinKeyboard } from '../../../../src/setup/ui/keyboard.ts';
import { fakeInput } from '../../../support/fake-terminal.ts';

/** A standard input of our own, in place of that of the process. */
function keyboard() {
  const abort = new AbortController();
  const stdin = Object.assign(new PassThrough(), { isTTY: false });
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as unknown as typeof process.stdin);
  let screen = '';
  const made: Keyboard = stdinKeyboard({ signal: abort.signal, screen: { colour: false, write: (text) => void (screen += text) } });
  return { keyboard: made, stdin, abort, screen: () => screen };
}
afterEach(() => void vi.restoreAllMocks());

describe('lines of a pipe', () => {
  test('are read one after the other, however they arrive, and appear nowhere', async () => {
    const { keyboard: on, stdin, screen } = keyboard();
    stdin.write('first\nsec');
    expect(await on.line(false)).toBe('first');
    const second = on.line(false);
    stdin.write('ond\r\n\nlast');
    expect(await second).toBe('second');
    expect(await on.line(false)).toBe('');
    stdin.write('\n');
    expect(await on.line(true)).toBe('last');
    expect(screen()).toBe('');
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

test('between questions nothing is read, so that a program may end', async () => {
  const { keyboard: on, stdin } = keyboard();
  stdin.write('x\n');
  await on.line(false);
  expect(stdin.isPaused()).toBe(true);
  on.close();
  expect(stdin.destroyed).toBe(true);
});

test('at a terminal, keys are read instead of lines', async () => {
  const { input, used, type } = fakeInput();
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as typeof process.stdin);
  const on = stdinKeyboard({ signal: new AbortController().signal, screen: { colour: false, write: () => undefined } });
  expect(used[0]).toBe('raw');
  type('ab\u007f\r');
  expect(await on.line(false)).toBe('a');
  on.close();
});
