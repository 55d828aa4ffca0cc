import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Keyboard } from '../../../../src/setup/ui/keyboard.ts';
import { terminalKeyboard } from '../../../../src/setup/ui/terminal-keyboard.ts';
import { fakeInput } from '../../../support/fake-terminal.ts';

let open: Keyboard | undefined;
afterEach(() => {
  open?.close();
  vi.restoreAllMocks();
});

function keyboard() {
  const terminal = fakeInput();
  const abort = new AbortController();
  let written = '';
  open = terminalKeyboard({ ...terminal, signal: abort.signal, screen: { colour: false, write: (text) => void (written += text) } });
  return { ...terminal, keyboard: open, abort, written: () => written };
}

/** What is on the screen after all that was written: a backspace goes back by a cell. */
const seen = (written: string): string => {
  const cells: string[] = [];
  let at = 0;
  for (const character of written) {
    if (character === '\b') at -= 1;
    else cells[at++] = character;
  }
  return cells.join('').trimEnd();
};

const typed = async (keys: string, on: { hidden?: boolean } = {}) => {
  const { keyboard: made, type, written } = keyboard();
  const line = made.line(on.hidden ?? false);
  type(keys);
  return { line: await line, written: written() };
};

describe('a line that is typed at a terminal', () => {
  test('appears with its end', async () => {
    expect(await typed('host name\r')).toEqual({ line: 'host name', written: 'host name\n' });
    expect(await typed('\n')).toEqual({ line: '', written: '\n' });
  });

  test('is corrected by characters, by words and as a whole', async () => {
    for (const [keys, line] of [
      ['ab\u007fc\r', 'ac'],
      ['ab\bc\r', 'ac'],
      ['\u007f\u007fx\r', 'x'],
      ['one two  \u0017three\r', 'one three'],
      ['wrong\u0015right\r', 'right'],
      ['\u0015\u0017x\r', 'x'],
    ] as const) {
      const result = await typed(keys);
      expect(result.line).toBe(line);
      expect(seen(result.written)).toBe(line);
    }
  });

  test('takes back as many cells as a character has, and accents with the character they stand on', async () => {
    expect(await typed('漢\u007fx\r')).toEqual({ line: 'x', written: '漢\b \b\b \bx\n' });
    expect(await typed('ae\u0301\u007fx\r')).toMatchObject({ line: 'ax' });
    expect(await typed('🐢\u007fx\r')).toMatchObject({ line: 'x' });
  });

  test('holds no control characters and no arrow keys', async () => {
    expect(await typed('a\u0001\tb\u001b[A\u0004c\r')).toEqual({ line: 'abc', written: 'abc\n' });
  });

  test('appears only when it is read, if it was typed ahead', async () => {
    const { keyboard: on, type, written } = keyboard();
    type('one\rtwo\r');
    await new Promise((resolve) => setImmediate(resolve));
    expect(written()).toBe('');
    expect(await on.line(false)).toBe('one');
    expect(written()).toBe('one\n');
    expect(await on.line(true)).toBe('two');
    expect(written()).toBe('one\n\n');
  });

  test('is shown again, as far as it was typed, when the program comes back', async () => {
    const { keyboard: on, type, written } = keyboard();
    const line = on.line(false);
    type('abc');
    await vi.waitFor(() => expect(written()).toBe('abc'));
    process.emit('SIGCONT', 'SIGCONT');
    expect(written()).toBe('abcabc');
    type('\r');
    expect(await line).toBe('abc');
  });
});

test('a hidden line leaves nothing on the screen but its end', async () => {
  expect(await typed(' a b!\u007f\u007fc\r', { hidden: true })).toEqual({ line: ' a c', written: '\n' });
});

describe('a line is left', () => {
  test.each([
    ['\u0003', 'Cancelled with Ctrl-C'],
    ['abc\u0003', 'Cancelled with Ctrl-C'],
    ['\u0004', 'Cancelled with Ctrl-D'],
  ])('by %j, and ended on the screen', async (keys, message) => {
    for (const hidden of [true, false]) {
      const { keyboard: on, type, written } = keyboard();
      const line = on.line(hidden);
      type(keys);
      await expect(line).rejects.toMatchObject({ code: 'cancelled', message });
      expect(written()).toMatch(/\n$/);
      on.close();
    }
  });

  test('by a signal, and when the terminal is gone', async () => {
    const stopped = keyboard();
    const first = stopped.keyboard.line(false);
    stopped.abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    stopped.keyboard.close();
    const gone = keyboard();
    const second = gone.keyboard.line(true);
    gone.hangUp();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
  });
});

test('the terminal echoes nothing by itself until the keyboard is closed', async () => {
  const { keyboard: on, used, type } = keyboard();
  type('x\r');
  await on.line(false);
  expect(used).not.toContain('cooked');
  on.close();
  expect(used.at(-1)).toBe('cooked');
});
