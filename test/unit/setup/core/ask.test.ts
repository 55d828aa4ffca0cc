import { describe, expect, test } from 'vitest';
import { integer, setting, text, yesNo } from '#kit';
import { inOrder } from '../../../../src/setup/core/ask.ts';
import { sourcesOf } from '../../../support/fakes.ts';
import { interview } from '../../../support/interview.ts';

const ask = (name: string) => ({ name, text: `Question ${name}` });
const base = { section: 'network', about: 'Something to be said.' } as const;

const plain = setting({ ...base, key: 'A/plain', kind: text, ask: ask('PLAIN'), initial: 'usual' });
const needed = setting({ ...base, key: 'A/needed', kind: text, ask: ask('NEEDED') });
const number = setting({ ...base, key: 'A/number', kind: integer(1, 10), initial: 5 });
const choice = setting({ ...base, key: 'A/choice', kind: yesNo, ask: ask('CHOICE'), initial: true });
const secret = setting({ ...base, key: 'A/secret', kind: text, secret: true, ask: { ...ask('SECRET'), confirm: 'Again' } });
const picky = setting({
  ...base,
  key: 'A/picky',
  kind: text,
  ask: ask('PICKY'),
  validate: (value) => (value === 'bad' ? 'It is bad' : undefined),
});

describe('the order of settings', () => {
  test('is that of the outline', () => {
    expect(inOrder([number, plain], ['A/plain', 'B/none', 'A/number'])).toEqual([plain, number]);
  });
  test('has third parties right behind the setting that they name', () => {
    const third = { ...number, key: 'X/third', after: 'A/plain' };
    expect(inOrder([third, number, plain], ['A/plain', 'A/number'])).toEqual([plain, third, number]);
  });
  test('does not exist for a setting that the outline does not name', () => {
    expect(() => inOrder([number, plain, choice], ['A/plain'])).toThrow('not in the outline: A/number, A/choice');
  });
});

describe('a given answer', () => {
  test('is parsed, kept with its origin, and not asked', async () => {
    const sources = sourcesOf({ 'A/plain': 'x', 'A/number': '7', 'A/choice': false });
    const on = interview([plain, number, choice], { sources, replies: [] });
    await on.settle();
    expect(['A/plain', 'A/number', 'A/choice'].map(on.value)).toEqual(['x', 7, false]);
    expect(on.answer('A/plain')?.origin).toEqual({ kind: 'given', where: 'a.conf:1' });
    expect(on.dialog.asked).toEqual([]);
  });

  test('may come under a former key; the key itself comes first', async () => {
    const renamed = { ...plain, key: 'A/new', formerly: ['A/old'] };
    for (const [given, wanted] of [
      [{ 'A/old': 'former' }, 'former'],
      [{ 'A/old': 'former', 'A/new': 'key' }, 'key'],
    ] as const) {
      const on = interview([renamed], { sources: sourcesOf(given) });
      await on.settle();
      expect(on.value('A/new')).toBe(wanted);
    }
  });

  test('that is wrong is refused with its key and place, together with all others', async () => {
    const renamed = { ...picky, key: 'A/new', formerly: ['A/old'] };
    const given = { 'A/plain': 'a\nb', 'A/number': '11', 'A/choice': 'perhaps', 'A/picky': 'bad', 'A/old': 'bad' };
    const problems = await interview([plain, number, choice, picky, renamed], { sources: sourcesOf(given) }).problems();
    expect(problems.map(({ message }) => message)).toEqual([
      'A/plain (a.conf:1): text on a single line without control characters is expected',
      'A/number (a.conf:1): a whole number from 1 to 10 is expected',
      'A/choice (a.conf:1): Yes or No is expected',
      'A/picky (a.conf:1): It is bad',
      'A/new, given as A/old (a.conf:1): It is bad',
    ]);
  });

  test('that is wrong is asked for again where somebody can answer', async () => {
    const on = interview([picky], { sources: sourcesOf({ 'A/picky': 'bad' }), replies: ['good'] });
    await on.settle();
    expect(on.value('A/picky')).toBe('good');
    expect(on.dialog.logged).toEqual([['error', 'A/picky (a.conf:1): It is bad']]);
  });

  test('that is wrong and cannot be asked for is refused even where somebody could answer', async () => {
    const unasked = { ...choice, key: 'A/unasked', ask: { ...ask('UNASKED'), when: () => false } };
    const sources = sourcesOf({ 'A/number': 'x', 'A/unasked': 'perhaps' });
    expect((await interview([number, unasked], { sources, replies: [] }).problems()).map(({ message }) => message)).toEqual([
      'A/number (a.conf:1): a whole number from 1 to 10 is expected',
      'A/unasked (a.conf:1): Yes or No is expected',
    ]);
  });

  test('that nobody asked for here is not lost silently', async () => {
    const irrelevant = { ...plain, when: () => false };
    const on = interview([irrelevant], { sources: sourcesOf({ 'A/plain': 'x' }) });
    await on.settle();
    expect(on.dialog.logged).toEqual([
      ['warning', 'A/plain (a.conf:1) has no effect: on this host, with these answers, the question does not arise'],
    ]);
    const kept = interview([irrelevant], { sources: sourcesOf({ 'A/plain': 'x' }, { kind: 'kept', where: 'post.conf:1' }) });
    await kept.settle();
    expect(kept.dialog.logged).toEqual([]);
  });
});

describe('a default', () => {
  test('is taken unasked where nobody can answer, and where there is no question', async () => {
    const on = interview([plain, number]);
    await on.settle();
    expect(['A/plain', 'A/number'].map(on.answer)).toEqual([
      { value: 'usual', origin: { kind: 'computed' } },
      { value: 5, origin: { kind: 'computed' } },
    ]);
  });

  test('is taken where the question need not be put', async () => {
    const sure = { ...plain, ask: { ...ask('SURE'), when: () => false } };
    const on = interview([sure], { replies: [] });
    await on.settle();
    expect(on.answer('A/plain')).toEqual({ value: 'usual', origin: { kind: 'computed' } });
  });

  test('can be computed from answers above it', async () => {
    const derived = setting({ ...base, key: 'A/derived', kind: text, initial: (view) => `${view.get(plain)}-${view.get(number)}` });
    const on = interview([plain, number, derived], { sources: sourcesOf({ 'A/plain': 'x' }) });
    await on.settle();
    expect(on.value('A/derived')).toBe('x-5');
  });

  test('that is wrong on this host is refused with a way out, but what nobody is asked for is not judged', async () => {
    const wrong = { ...picky, initial: 'bad' };
    expect(await interview([wrong]).problems()).toEqual([
      { id: 'A/picky', level: 'error', message: 'A/picky, by default bad: It is bad', remedy: 'Give A/picky in an answer file.' },
    ]);
    const { ask: _, ...silent } = wrong;
    await interview([silent]).settle();
  });

  test('that is missing is reported with what the setting is about and how to give it', async () => {
    expect(await interview([needed, secret]).problems()).toEqual([
      {
        id: 'A/needed',
        level: 'error',
        message: 'A/needed is not given: Something to be said.',
        remedy: 'Give it with --set=A/needed=VALUE, or add A/needed to an answer file.',
      },
      {
        id: 'A/secret',
        level: 'error',
        message: 'A/secret is not given: Something to be said.',
        remedy: 'Give it with --set-file=A/secret=FILE, or add A/secret to an answer file.',
      },
    ]);
  });
});

describe('a question', () => {
  test('shows text, choices and default, and takes Enter for the default', async () => {
    const on = interview([plain, choice], { replies: ['', ' no '] });
    await on.settle();
    const about = 'Something to be said.';
    expect(on.dialog.asked).toEqual([
      { name: 'PLAIN', key: 'A/plain', text: 'Question PLAIN', about, choices: [], hidden: false, initial: 'usual', back: false },
      {
        name: 'CHOICE',
        key: 'A/choice',
        text: 'Question CHOICE',
        about,
        choices: ['Yes', 'No'],
        hidden: false,
        initial: 'Yes',
        back: true,
      },
    ]);
    expect(['A/plain', 'A/choice'].map(on.value)).toEqual(['usual', false]);
    expect(on.answer('A/choice')?.origin).toEqual({ kind: 'asked' });
  });

  test('can show fewer choices than its kind has, and notes that depend on earlier answers', async () => {
    const view = { ...choice, ask: { ...ask('CHOICE'), choices: () => ['Yes'], notes: ['one', 'two'] } };
    const on = interview([plain, { ...view, ask: { ...view.ask, notes: ({ get }) => [get(plain)] } }, { ...view, key: 'A/again' }], {
      replies: ['x', '', ''],
    });
    await on.settle();
    expect(on.dialog.asked.map(({ choices, notes }) => [choices, notes])).toEqual([
      [[], undefined],
      [['Yes'], ['x']],
      [['Yes'], ['one', 'two']],
    ]);
  });

  test('is asked again, with its notes, until the answer is good', async () => {
    const noted = { ...picky, ask: { ...ask('PICKY'), notes: ['note'] } };
    const on = interview([needed, choice, noted], { replies: ['', 'x', 'perhaps', 'Yes', 'bad', 'good'] });
    await on.settle();
    expect(on.dialog.logged).toEqual([
      ['error', 'Please specify a value'],
      ['error', 'Invalid value: Yes or No is expected'],
      ['error', 'It is bad'],
    ]);
    expect(['A/needed', 'A/choice', 'A/picky'].map(on.value)).toEqual(['x', true, 'good']);
    expect(on.dialog.asked.slice(-2).map(({ notes }) => notes)).toEqual([['note'], ['note']]);
  });

  test('that is not relevant is neither asked nor answered nor reported', async () => {
    const on = interview([{ ...needed, when: () => false }], { replies: [] });
    await on.settle();
    expect(on.dialog.asked).toEqual([]);
    expect(on.answer('A/needed')).toBeUndefined();
  });
});

test('a warning is shown, and the answer counts', async () => {
  const warned = setting({ ...base, key: 'A/warned', kind: text, validate: () => ({ warnings: ['Careful', 'Really'] }) });
  const on = interview([warned], { sources: sourcesOf({ 'A/warned': 'x' }) });
  await on.settle();
  expect(on.value('A/warned')).toBe('x');
  expect(on.dialog.logged).toEqual([
    ['warning', 'Careful'],
    ['warning', 'Really'],
  ]);
});

describe('what the host has settled', () => {
  const fixed = setting({ ...base, key: 'A/fixed', kind: text, ask: ask('FIXED'), settled: () => 'as it is', initial: 'default' });

  test('is neither asked nor changed, and says so only to those who want something else', async () => {
    for (const [given, lines] of [
      [{}, []],
      [{ 'A/fixed': 'as it is' }, []],
      [{ 'A/fixed': 'other' }, [['warning', 'A/fixed (a.conf:1) has no effect: it is as it is on this host already']]],
    ] as const) {
      const on = interview([fixed], { sources: sourcesOf(given), replies: [] });
      await on.settle();
      expect(on.answer('A/fixed')).toEqual({ value: 'as it is', origin: { kind: 'kept' } });
      expect(on.dialog.logged).toEqual(lines);
    }
  });

  test('does not complain about what the installation itself has kept', async () => {
    const on = interview([fixed], { sources: sourcesOf({ 'A/fixed': 'older' }, { kind: 'kept', where: 'post.conf:3' }) });
    await on.settle();
    expect(on.dialog.logged).toEqual([]);
  });
});

describe('when the input ends', () => {
  test('this question and all later ones without an answer are listed together', async () => {
    const on = interview([plain, needed, secret, picky, number], { replies: ['x'], sources: sourcesOf({ 'A/picky': 'good' }) });
    await expect(on.settle()).rejects.toThrow('The input ended before all questions were answered');
    const again = interview([plain, needed, secret, picky, number], { replies: ['x'], sources: sourcesOf({ 'A/picky': 'good' }) });
    expect((await again.problems()).map(({ id }) => id)).toEqual(['A/needed', 'A/secret']);
  });

  test('those whose default cannot be told are listed too', async () => {
    const open = { ...needed, initial: () => undefined };
    expect((await interview([open], { replies: [] }).problems()).map(({ id }) => id)).toEqual(['A/needed']);
  });

  test('answers under former keys and names of questions count, and what hangs on unanswered questions is left out', async () => {
    const renamed = { ...needed, key: 'A/renamed', formerly: ['A/before'] };
    const dependent = { ...needed, key: 'A/dependent', when: (view: { get(one: typeof secret): string }) => view.get(secret) !== '' };
    const named = { ...needed, key: 'A/named', ask: ask('NAMED') };
    const sources = sourcesOf({ 'A/before': 'x', 'QUESTION/1/NAMED': 'y' });
    const on = interview([secret, renamed, dependent, named], { replies: [], sources });
    expect((await on.problems()).map(({ id }) => id)).toEqual(['A/secret']);
  });
});

describe('what hangs on a refused answer', () => {
  const dependent = setting({ ...base, key: 'A/dependent', kind: text, initial: (view) => view.get(number).toFixed() });

  test('is not reported in its place', async () => {
    const problems = await interview([number, dependent], { sources: sourcesOf({ 'A/number': 'x' }) }).problems();
    expect(problems.map(({ message }) => message)).toEqual(['A/number (a.conf:1): a whole number from 1 to 10 is expected']);
  });

  test('is a mistake of the plugin where nothing was refused', async () => {
    await expect(interview([dependent, number]).settle()).rejects.toThrow('A/number is read before it is settled');
  });
});

describe('sections', () => {
  const pki = { ...choice, section: 'pki' } as const;

  test('have titles where something is asked, shown or said, in order, and others have none', async () => {
    const told = { ...number, section: 'storage', remarks: () => [{ note: 'A note' }] } as const;
    const asked = interview([plain, { ...needed, section: 'database' }, told, pki], {
      sources: sourcesOf({ 'A/needed': 'x' }),
      replies: ['', ''],
    });
    await asked.settle();
    expect(asked.dialog.titles).toEqual(['NETWORK CONFIGURATION', 'STORAGE CONFIGURATION', 'PKI CONFIGURATION', 'END OF CONFIGURATION']);
    const shown = interview([plain, pki], { sources: sourcesOf({ 'A/choice': true, 'QUESTION/1/PLAIN': 'x' }) });
    await shown.settle();
    expect(shown.dialog.titles).toEqual(['NETWORK CONFIGURATION', 'END OF CONFIGURATION']);
  });

  test('in which nothing is said have titles where a plugin wants them', async () => {
    const on = interview([plain, pki], { titled: ['system'], replies: ['', ''] });
    await on.settle();
    expect(on.dialog.titles).toEqual(['NETWORK CONFIGURATION', 'PKI CONFIGURATION', 'SYSTEM CONFIGURATION', 'END OF CONFIGURATION']);
  });
});

test('remarks of a setting are shown at its place, whether or not it is asked or relevant', async () => {
  const remarks = () => [{ note: 'A note' }, { level: 'info', text: 'A line' }] as const;
  const on = interview([
    { ...plain, remarks },
    { ...choice, remarks, when: () => false },
  ]);
  await on.settle();
  expect(on.dialog.notes).toEqual(['A note', 'A note']);
  expect(on.dialog.logged).toEqual([
    ['info', 'A line'],
    ['info', 'A line'],
  ]);
});
