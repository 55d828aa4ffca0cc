import { PassThrough } from 'node:stream';
import { type Key, emitKeypressEvents } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { type Editor, newEditor } from '../../../../src/setup/ui/editor.ts';

/** What a line is after this has been typed, with a bar where the cursor stands. */
async function after(typed: string): Promise<string> {
  const presses: { text: string | undefined; key: Key }[] = [];
  const keys = new PassThrough();
  emitKeypressEvents(keys);
  keys.on('keypress', (text: string | undefined, key: Key) => presses.push({ text, key }));
  keys.end(typed);
  await new Promise((resolve) => keys.on('end', resolve));
  const editor: Editor = await newEditor();
  for (const press of presses) await editor.press(press);
  return `${editor.text.slice(0, editor.cursor)}|${editor.text.slice(editor.cursor)}`;
}
const left = '\u001b[D';
const right = '\u001b[C';
const home = '\u001b[H';
const end = '\u001b[F';
const del = '\u001b[3~';

describe('a line', () => {
  test.each([
    ['abc', 'abc|'],
    ['ABC 123 ä', 'ABC 123 ä|'],
    [`abc${left}${left}x`, 'ax|bc'],
    [`abc${left}${right}x`, 'abcx|'],
    [`abc${home}x`, 'x|abc'],
    [`abc${home}${end}x`, 'abcx|'],
    ['abc\u0001x\u0005y', 'xabcy|'],
    ['abc\u0002x\u0006y', 'abxcy|'],
    ['abc\u007f', 'ab|'],
    ['abc\u0008', 'ab|'],
    [`abc${home}${del}`, '|bc'],
    [`abc${home}\u0004`, '|bc'],
    ['abc\u0015x', 'x|'],
    [`abc${left}\u000b`, 'ab|'],
    ['one two\u0017', 'one|'],
    [`abc${left}\u000b${home}\u0019`, 'c|ab'],
  ])('after %j is %j', async (typed, wanted) => {
    expect(await after(typed)).toBe(wanted);
  });

  test.each([
    ['x🐢\u007f', 'x|'],
    [`x🐢${left}y`, 'xy|🐢'],
    [`🐢x${home}${right}y`, '🐢y|x'],
    [`🐢x${home}${del}`, '|x'],
  ])('keeps both halves of a character together: %j', async (typed, wanted) => {
    expect(await after(typed)).toBe(wanted);
  });

  test.each([['\u001b[A'], ['\u001bb'], ['\u001b[15~'], ['\u0000'], ['\u001b[1;2C'], ['\u0007'], ['\u007f\u007f']])(
    'is not changed by a key that means nothing: %j',
    async (typed) => {
      expect(await after(typed)).toBe('|');
    },
  );

  test('can be replaced', async () => {
    const editor = await newEditor();
    editor.set('other');
    expect([editor.text, editor.cursor]).toEqual(['other', 5]);
  });
});

test('editing leaves no listeners for signals behind, which would end the process', async () => {
  const before = ['SIGINT', 'SIGTERM', 'exit'].map((name) => process.listenerCount(name));
  await after('abc');
  expect(['SIGINT', 'SIGTERM', 'exit'].map((name) => process.listenerCount(name))).toEqual(before);
});
