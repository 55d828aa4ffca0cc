import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Keys, type NextPress, openKeys } from '../../../../src/setup/ui/keys.ts';
import { fakeInput } from '../../../support/fake-terminal.ts';

let open: Keys | undefined;
afterEach(() => {
  open?.close();
  vi.restoreAllMocks();
});

function keys() {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const abort = new AbortController();
  const resumed = vi.fn();
  const terminal = fakeInput();
  open = openKeys({ input: terminal.input, signal: abort.signal, resumed });
  return { ...terminal, keys: open, abort, kill, resumed };
}
const word = async (next: NextPress, length: number): Promise<string> => {
  let text = '';
  while (text.length < length) text += (await next()).text ?? '.';
  return text;
};
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the keys of a terminal', () => {
  test('are taken without an echo until it is given back', () => {
    const { keys: on, used } = keys();
    expect(used).toEqual(['raw', 'released']);
    on.close();
    expect(used.at(-1)).toBe('cooked');
  });

  test('come one by one, and what is beyond stays for the next reader', async () => {
    const { keys: on, type } = keys();
    type('abcde');
    expect(await on.read((next) => word(next, 2))).toBe('ab');
    expect(await on.read((next) => word(next, 3))).toBe('cde');
  });

  test('keep the program alive only while somebody waits for one', async () => {
    const { keys: on, type, used } = keys();
    type('a');
    await on.read((next) => word(next, 1));
    expect(used.slice(1)).toEqual(['released', 'held', 'released']);
  });

  test('make one line end of both characters of one, and two of two', async () => {
    const { keys: on, type } = keys();
    type('a\r\nb\n\nc\r\r');
    expect(await on.read((next) => word(next, 8))).toBe('a\rb\n\nc\r\r');
  });

  test('that nobody reads have a limit', async () => {
    const { keys: on, type } = keys();
    type('x'.repeat(70_000));
    type('\u0003');
    await nextTurn();
    type('y');
    expect(await on.read((next) => word(next, 1))).toBe('y');
  });

  test('end with a signal, and with the terminal', async () => {
    const first = keys();
    const waiting = first.keys.read((next) => next());
    first.abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled', message: 'Cancelled with a signal' });
    await expect(first.keys.read((next) => next())).rejects.toMatchObject({ code: 'cancelled' });
    const second = keys();
    const other = second.keys.read((next) => next());
    second.hangUp();
    await expect(other).rejects.toMatchObject({ code: 'cancelled', message: 'Cancelled with the end of the terminal' });
  });

  test('are heard to their end when the terminal is gone', async () => {
    const { keys: on, type, hangUp } = keys();
    type('ab');
    hangUp();
    expect(await on.read((next) => word(next, 2))).toBe('ab');
  });
});

describe('Ctrl-C', () => {
  test('is a key like any other while keys are read', async () => {
    const { keys: on, type, kill } = keys();
    const read = on.read((next) => word(next, 2));
    type('a\u0003');
    expect(await read).toBe('a\u0003');
    expect(kill).not.toHaveBeenCalled();
  });

  test('is a signal to this program at any other time, and what was typed before it is void', async () => {
    const { keys: on, type, kill } = keys();
    type('abc\u0003d');
    expect(await on.read((next) => word(next, 1))).toBe('d');
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
  });

  test('that was typed ahead is a signal as soon as the question before it is answered', async () => {
    const { keys: on, type, kill } = keys();
    await on.read(async (next) => {
      type('ab\u0003');
      return word(next, 1);
    });
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
  });
});

describe('a key that stops the program', () => {
  test.each([
    ['\u001a', 'SIGTSTP'],
    ['\u001c', 'SIGQUIT'],
  ])('(%j) first gives the terminal back, then is a signal to the whole group, and takes the terminal again', async (key, signal) => {
    const { type, kill, used, resumed } = keys();
    used.length = 0;
    kill.mockImplementation(() => {
      used.push('stopped');
      return true;
    });
    type(key);
    await nextTurn();
    await nextTurn();
    expect(kill.mock.calls).toEqual([[0, signal]]);
    expect(used).toEqual(['cooked', 'stopped', 'cooked', 'raw']);
    expect(resumed).toHaveBeenCalledOnce();
  });

  test('takes no terminal that has been given back in the meantime', async () => {
    const { keys: on, type, used } = keys();
    type('\u001a');
    await nextTurn();
    on.close();
    used.length = 0;
    await nextTurn();
    process.emit('SIGCONT');
    expect(used).toEqual([]);
  });
});
