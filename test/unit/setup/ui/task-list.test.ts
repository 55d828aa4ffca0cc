import { describe, expect, test } from 'vitest';
import { canShowUnicode, newTaskList } from '../../../../src/setup/ui/task-list.ts';

describe('a list of tasks', () => {
  test('has a sign for the state of each, and what a task said below it', async () => {
    const list = await newTaskList({ rows: 5, colour: false, unicode: false });
    expect(
      list([
        { title: 'one', state: 'done' },
        { title: 'two', state: 'failed' },
        { title: 'three', state: 'undone' },
        { title: 'four', state: 'running', output: 'half way' },
        { title: 'five', state: 'waiting' },
      ]),
    ).toEqual(['+ one', 'x two', '< three', '- four', '  > half way', '. five']);
  });

  test('turns its spinner, and forgets what it drew before', async () => {
    const list = await newTaskList({ rows: 3, colour: false, unicode: false });
    expect(
      list([
        { title: 'one', state: 'running' },
        { title: 'two', state: 'waiting' },
      ]),
    ).toEqual(['- one', '. two']);
    expect(list([{ title: 'two', state: 'running' }])).toEqual(['\\ two']);
    expect(list([{ title: 'two', state: 'done' }])).toEqual(['+ two']);
    expect(list([])).toEqual(['']);
  });

  test('never wraps or formats a title', async () => {
    const list = await newTaskList({ rows: 1, colour: false, unicode: false });
    const title = `${'long '.repeat(60)}%s %d`;
    expect(list([{ title, state: 'waiting' }])).toEqual([`. ${title}`]);
  });

  test('has colour in its signs alone', async () => {
    const list = await newTaskList({ rows: 2, colour: true, unicode: true });
    expect(
      list([
        { title: 'one', state: 'done' },
        { title: 'two', state: 'failed' },
      ]),
    ).toEqual(['\u001b[32m✔\u001b[39m one', '\u001b[31m✖\u001b[39m two']);
  });

  test('takes no signal for itself', async () => {
    const before = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name));
    const list = await newTaskList({ rows: 1, colour: false, unicode: false });
    list([{ title: 'one', state: 'running' }]);
    expect(['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name))).toEqual(before);
  });
});

describe('signs outside of ASCII', () => {
  test.each([
    [{ LANG: 'de_DE.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'de_DE.UTF-8' }, true],
    [{ LANG: 'de_DE' }, false],
    [{ LANG: 'de_DE.UTF-8', TERM: 'linux' }, false],
    [{}, false],
  ])('in %j: %s', (environment, wanted) => {
    expect(canShowUnicode(environment)).toBe(wanted);
  });
});
