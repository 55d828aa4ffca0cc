import { describe, expect, test } from 'vitest';
import { SetupError, integer, setting, text, yesNo } from '#kit';
import { type AnySetting, newAnswers } from '../../../../src/setup/core/answers.ts';
import { type Asking, inOrder, settle } from '../../../../src/setup/core/ask.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { notingDialog, sourcesOf } from '../../../support/fakes.ts';

const ask = (name: string) => ({ name, text: `Question ${name}` });
const base = { section: 'network', about: 'Something to be said.' } as const;

const plain = setting({ ...base, key: 'A/plain', kind: text, ask: ask('PLAIN'), initial: 'usual' });
const needed = setting({ ...base, key: 'A/needed', kind: text, ask: ask('NEEDED') });
const number = setting({ ...base, key: 'A/number', kind: integer(1, 10), initial: 5 });
const choice = setting({ ...base, key: 'A/choice', kind: yesNo, ask: ask('CHOICE'), initial: true });
const secret = setting({ ...base, key: 'A/secret', kind: text, secret: true, ask: { ...ask('SECRET'), confirm: 'Again' } });
const doubtful = setting({
  ...base,
  key: 'A/doubtful',
  kind: text,
  ask: ask('DOUBTFUL'),
  validate: (value) =>
    value === 'odd' ? { id: 'ODD', doubt: 'It is odd', question: 'Really?' } : value === 'bad' ? 'It is bad' : undefined,
});

function asking(settings: readonly AnySetting[], more: Partial<Asking> & { replies?: readonly string[] } = {}) {
  const { replies, ...rest } = more;
  const dialog = notingDialog(replies);
  const hidden: string[] = [];
  const all: Asking = {
    settings,
    sources: sourcesOf({}),
    answers: newAnswers(new Map()),
    dialog,
    host: memoryHost(newMachine()),
    allowed: new Set(),
    acceptDefaults: false,
    hide: (text_) => void hidden.push(text_),
    ...rest,
  };
  const value = (key: string): unknown => [...all.answers.all].find(([one]) => one.key === key)?.[1].value;
  const origin = (key: string) => [...all.answers.all].find(([one]) => one.key === key)?.[1].origin;
  return { all, dialog, hidden, value, origin };
}

const refused = async (all: Asking): Promise<SetupError> => {
  const error: unknown = await settle(all).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SetupError);
  expect((error as SetupError).code).toBe('refused');
  return error as SetupError;
};
const problems = async (all: Asking): Promise<readonly string[]> => (await refused(all)).problems.map(({ message }) => message);

describe('the order of settings', () => {
  test('is that of the outline', () => {
    expect(inOrder([number, plain], ['A/plain', 'B/none', 'A/number'])).toEqual([plain, number]);
  });
  test('does not exist for a setting that the outline does not name', () => {
    expect(() => inOrder([number, plain, choice], ['A/plain'])).toThrow('not in the outline: A/number, A/choice');
  });
});

describe('a given answer', () => {
  test('is parsed, kept with its origin, and not asked', async () => {
    const { all, value, origin, dialog } = asking([plain, number, choice], {
      sources: sourcesOf({ 'A/plain': 'x', 'A/number': '7', 'A/choice': false }),
      replies: [],
    });
    await settle(all);
    expect([value('A/plain'), value('A/number'), value('A/choice')]).toEqual(['x', 7, false]);
    expect(origin('A/plain')).toEqual({ kind: 'given', where: 'a.conf:1' });
    expect(dialog.asked).toEqual([]);
  });

  test('may come under a former key or under the name of its question; the key itself comes first', async () => {
    const old = { ...plain, key: 'A/new', formerly: ['A/old'] };
    for (const [sources, wanted] of [
      [{ 'A/old': 'former' }, 'former'],
      [{ 'QUESTION/1/PLAIN': 'question' }, 'question'],
      [{ 'A/old': 'former', 'QUESTION/1/PLAIN': 'question', 'A/new': 'key' }, 'key'],
    ] as const) {
      const { all, value } = asking([old], { sources: sourcesOf(sources) });
      await settle(all);
      expect(value('A/new')).toBe(wanted);
    }
  });

  test('that is wrong is refused with its place, together with all others', async () => {
    const { all } = asking([plain, number, choice, doubtful], {
      sources: sourcesOf({ 'A/plain': 'a\nb', 'A/number': '11', 'A/choice': 'perhaps', 'A/doubtful': 'bad' }),
    });
    expect(await problems(all)).toEqual([
      'A/plain (a.conf:1): text on a single line without control characters is expected',
      'A/number (a.conf:1): a whole number from 1 to 10 is expected',
      'A/choice (a.conf:1): Yes or No is expected',
      'A/doubtful (a.conf:1): It is bad',
    ]);
  });

  test('that is wrong is asked for again where somebody can answer', async () => {
    const { all, value, dialog } = asking([doubtful], { sources: sourcesOf({ 'A/doubtful': 'bad' }), replies: ['good'] });
    await settle(all);
    expect(value('A/doubtful')).toBe('good');
    expect(dialog.logged).toEqual([['error', 'A/doubtful (a.conf:1): It is bad']]);
  });

  test('that is wrong and has no question is refused even where somebody could answer', async () => {
    const { all } = asking([number], { sources: sourcesOf({ 'A/number': 'x' }), replies: [] });
    expect(await problems(all)).toEqual(['A/number (a.conf:1): a whole number from 1 to 10 is expected']);
  });

  test('of a secret is hidden before anything can complain about it', async () => {
    const { all, hidden } = asking([secret], { sources: sourcesOf({ 'A/secret': 'gehe\nim' }) });
    const messages = await problems(all);
    expect(hidden).toEqual(['gehe\nim']);
    expect(messages.join()).not.toContain('gehe');
  });
});

describe('a default', () => {
  test('is taken unasked where nobody can answer, where defaults are accepted, and where there is no question', async () => {
    for (const more of [{}, { replies: [], acceptDefaults: true }]) {
      const { all, value, origin } = asking([plain, number], more);
      await settle(all);
      expect([value('A/plain'), value('A/number')]).toEqual(['usual', 5]);
      expect(origin('A/plain')).toEqual({ kind: 'computed' });
    }
  });

  test('can be computed from answers above it', async () => {
    const derived = setting({ ...base, key: 'A/derived', kind: text, initial: (view) => `${view.get(plain)}-${view.get(number)}` });
    const { all, value } = asking([plain, number, derived], { sources: sourcesOf({ 'A/plain': 'x' }) });
    await settle(all);
    expect(value('A/derived')).toBe('x-5');
  });

  test('that is missing is reported with what the setting is about', async () => {
    const { problems: found } = await refused(asking([needed, secret]).all);
    expect(found).toEqual([
      {
        id: 'A/needed',
        level: 'error',
        message: 'A/needed is not given: Something to be said.',
        remedy: 'Add A/needed to an answer file.',
      },
      {
        id: 'A/secret',
        level: 'error',
        message: 'A/secret is not given: Something to be said.',
        remedy: 'Add A/secret to an answer file.',
      },
    ]);
  });

  test('of a secret is hidden and not shown', async () => {
    const withDefault = { ...secret, initial: 'made-up-secret' };
    const { all, hidden, dialog, value } = asking([withDefault], { replies: ['', ''] });
    await settle(all);
    expect(value('A/secret')).toBe('made-up-secret');
    expect(hidden).toContain('made-up-secret');
    expect(JSON.stringify(dialog.asked)).not.toContain('made-up');
  });
});

describe('a question', () => {
  test('shows text, choices and default, and takes Enter for the default', async () => {
    const { all, dialog, value, origin } = asking([plain, choice], { replies: ['', ' no '] });
    await settle(all);
    expect(dialog.asked).toEqual([
      { name: 'PLAIN', text: 'Question PLAIN', choices: [], hidden: false, initial: 'usual' },
      { name: 'CHOICE', text: 'Question CHOICE', choices: ['Yes', 'No'], hidden: false, initial: 'Yes' },
    ]);
    expect([value('A/plain'), value('A/choice')]).toEqual(['usual', false]);
    expect(origin('A/choice')).toEqual({ kind: 'asked' });
  });

  test('is asked again until the answer is good', async () => {
    const { all, dialog, value } = asking([needed, choice, doubtful], { replies: ['', 'x', 'perhaps', 'Yes', 'bad', 'good'] });
    await settle(all);
    expect(dialog.logged).toEqual([
      ['error', 'Please specify a value'],
      ['error', 'Yes or No is expected'],
      ['error', 'It is bad'],
    ]);
    expect([value('A/needed'), value('A/choice'), value('A/doubtful')]).toEqual(['x', true, 'good']);
  });

  test('about a secret is hidden, confirmed, and not trimmed into another one', async () => {
    const { all, dialog, hidden, value } = asking([secret], { replies: ['first', 'other', ' padded ', ' padded ', 'second', 'second'] });
    await settle(all);
    expect(dialog.asked.map(({ text: prompt, hidden: not }) => [prompt, not])).toEqual([
      ['Question SECRET', true],
      ['Again', true],
      ['Question SECRET', true],
      ['Again', true],
      ['Question SECRET', true],
      ['Again', true],
    ]);
    expect(dialog.logged).toEqual([
      ['warning', 'The two entries do not match'],
      ['error', 'text without blanks at its beginning or end is expected'],
    ]);
    expect(value('A/secret')).toBe('second');
    expect(hidden).toEqual(expect.arrayContaining(['first', ' padded ', 'second']));
  });

  test('repeats its notes every time', async () => {
    const { all, dialog } = asking([{ ...needed, ask: { ...ask('X'), notes: ['one', 'two'] } }], { replies: ['', 'x'] });
    await settle(all);
    expect(dialog.notes).toEqual(['one', 'two', 'one', 'two']);
  });

  test('that is not relevant is neither asked nor answered nor reported', async () => {
    const irrelevant = { ...needed, when: () => false };
    const { all, dialog, value } = asking([irrelevant], { replies: [] });
    await settle(all);
    expect(dialog.asked).toEqual([]);
    expect(value('A/needed')).toBeUndefined();
  });
});

describe('a doubt', () => {
  test('is refused where nobody can accept it, and says how to', async () => {
    const { problems: found } = await refused(asking([doubtful], { sources: sourcesOf({ 'A/doubtful': 'odd' }) }).all);
    expect(found).toEqual([
      {
        id: 'ODD',
        level: 'doubt',
        message: 'A/doubtful (a.conf:1): It is odd',
        remedy: 'Give another answer, or accept it with --allow ODD.',
      },
    ]);
  });

  test('is accepted beforehand by its name, and by no other', async () => {
    const { all, value, dialog } = asking([doubtful], { sources: sourcesOf({ 'A/doubtful': 'odd' }), allowed: new Set(['ODD']) });
    await settle(all);
    expect(value('A/doubtful')).toBe('odd');
    expect(dialog.logged).toEqual([['warning', 'It is odd (accepted by --allow ODD)']]);
    await refused(asking([doubtful], { sources: sourcesOf({ 'A/doubtful': 'odd' }), allowed: new Set(['A/doubtful', 'odd']) }).all);
  });

  test('is asked about; Enter means no, and another answer is asked for', async () => {
    const { all, value, dialog } = asking([doubtful], { replies: ['odd', 'perhaps', '', 'odd', 'no', 'odd', 'YES'] });
    await settle(all);
    expect(value('A/doubtful')).toBe('odd');
    expect(dialog.logged.map(([, line]) => line)).toEqual(['It is odd', 'Invalid value', 'It is odd', 'It is odd']);
    expect(dialog.asked[1]).toEqual({ name: 'ODD', text: 'Really?', choices: ['Yes', 'No'], initial: 'No', hidden: false });
  });

  test.each([
    ['yes', true],
    [true, true],
    ['No', false],
    [false, false],
    ['anything', false],
  ])('is decided by an answer %j to its question', async (raw, accepted) => {
    const { all, value, dialog } = asking([doubtful], { sources: sourcesOf({ 'QUESTION/1/ODD': raw }), replies: ['odd', 'good'] });
    await settle(all);
    expect(value('A/doubtful')).toBe(accepted ? 'odd' : 'good');
    expect(dialog.asked.map(({ name }) => name)).not.toContain('ODD');
  });

  test('about a given answer that has no question of its own says that it was not accepted', async () => {
    const { ask: _, ...silent } = doubtful;
    const { all } = asking([silent], { sources: sourcesOf({ 'A/doubtful': 'odd' }), replies: ['no'] });
    expect(await problems(all)).toEqual(['A/doubtful (a.conf:1): not accepted']);
  });
});

test('a warning is shown, and the answer counts', async () => {
  const warned = setting({ ...base, key: 'A/warned', kind: text, validate: () => ({ warning: 'Careful' }) });
  const { all, value, dialog } = asking([warned], { sources: sourcesOf({ 'A/warned': 'x' }) });
  await settle(all);
  expect(value('A/warned')).toBe('x');
  expect(dialog.logged).toEqual([['warning', 'Careful']]);
});

describe('what the host has settled', () => {
  const fixed = setting({ ...base, key: 'A/fixed', kind: text, ask: ask('FIXED'), settled: () => 'as it is', initial: 'default' });

  test('is neither asked nor changed, and says so only to those who want something else', async () => {
    for (const [sources, lines] of [
      [{}, []],
      [{ 'A/fixed': 'as it is' }, []],
      [{ 'A/fixed': 'other' }, [['warning', 'A/fixed (a.conf:1) has no effect: it is as it is on this host already']]],
    ] as const) {
      const { all, value, origin, dialog } = asking([fixed], { sources: sourcesOf(sources), replies: [] });
      await settle(all);
      expect([value('A/fixed'), origin('A/fixed')]).toEqual(['as it is', { kind: 'kept' }]);
      expect(dialog.logged).toEqual(lines);
    }
  });

  test('does not complain about what the installation itself has kept', async () => {
    const { all, dialog } = asking([fixed], { sources: sourcesOf({ 'A/fixed': 'older' }, { kind: 'kept', where: 'post.conf:3' }) });
    await settle(all);
    expect(dialog.logged).toEqual([]);
  });
});

describe('when the input ends', () => {
  test('this question and all later ones without an answer are listed together', async () => {
    const { all } = asking([plain, needed, secret, doubtful, number], { replies: ['x'], sources: sourcesOf({ 'A/doubtful': 'good' }) });
    const error = await refused(all);
    expect(error.message).toBe('The input ended before all questions were answered');
    expect(error.problems.map(({ id }) => id)).toEqual(['A/needed', 'A/secret']);
  });

  test('answers under former names count as given, and what hangs on unanswered questions is left out', async () => {
    const renamed = { ...needed, key: 'A/renamed', formerly: ['A/before'] };
    const dependent = { ...needed, key: 'A/dependent', when: (view: { get(one: typeof secret): string }) => view.get(secret) !== '' };
    const { all } = asking([secret, renamed, dependent], { replies: [], sources: sourcesOf({ 'A/before': 'x' }) });
    expect((await refused(all)).problems.map(({ id }) => id)).toEqual(['A/secret']);
  });
});

describe('what hangs on a refused answer', () => {
  const dependent = setting({ ...base, key: 'A/dependent', kind: text, initial: (view) => view.get(number).toFixed() });

  test('is not reported in its place', async () => {
    expect(await problems(asking([number, dependent], { sources: sourcesOf({ 'A/number': 'x' }) }).all)).toEqual([
      'A/number (a.conf:1): a whole number from 1 to 10 is expected',
    ]);
  });

  test('is a mistake of the plugin where nothing was refused', async () => {
    await expect(settle(asking([dependent, number]).all)).rejects.toThrow('A/number is read before it is settled');
  });
});

test('sections with questions have titles, in order, and others have none', async () => {
  const { all, dialog } = asking([plain, { ...number, section: 'database' }, { ...choice, section: 'pki' }]);
  await settle(all);
  expect(dialog.titles).toEqual(['NETWORK CONFIGURATION', 'PKI CONFIGURATION', 'END OF CONFIGURATION']);
});
