import { describe, expect, test } from 'vitest';
import { setting, text } from '#kit';
import { sourcesOf } from '../../../support/fakes.ts';
import { interview } from '../../../support/interview.ts';

const doubtful = setting({
  key: 'A/doubtful',
  section: 'network',
  about: 'Something to be said.',
  kind: text,
  ask: { name: 'DOUBTFUL', text: 'Question' },
  validate: (value) => (value === 'odd' ? { id: 'ODD', doubt: 'It is odd', question: 'Really?' } : undefined),
});
const lenient = {
  ...doubtful,
  validate: (value: string) =>
    value === 'odd' ? { id: 'ODD', doubt: 'It is odd', question: 'Really?', acceptedWhenGiven: true } : undefined,
};
const odd = sourcesOf({ 'A/doubtful': 'odd' });

describe('a doubt', () => {
  test('is refused where nobody can accept it, and says how to', async () => {
    expect(await interview([doubtful], { sources: odd }).problems()).toEqual([
      {
        id: 'ODD',
        level: 'doubt',
        message: 'A/doubtful (a.conf:1): It is odd',
        remedy: 'Give another answer, or accept it with --allow ODD.',
      },
    ]);
  });

  test('is accepted beforehand by its name, and by no other', async () => {
    const on = interview([doubtful], { sources: odd, allowed: ['ODD'] });
    await on.settle();
    expect(on.value('A/doubtful')).toBe('odd');
    expect(on.dialog.logged).toEqual([['warning', 'It is odd (accepted by --allow ODD)']]);
    await interview([doubtful], { sources: odd, allowed: ['A/doubtful', 'odd'] }).problems();
  });

  test('is asked about; Enter means no, and another answer is asked for', async () => {
    const on = interview([doubtful], { replies: ['odd', 'perhaps', '', 'odd', 'no', 'odd', 'YES'] });
    await on.settle();
    expect(on.value('A/doubtful')).toBe('odd');
    expect(on.dialog.logged.map(([, line]) => line)).toEqual(['It is odd', 'Invalid value', 'It is odd', 'It is odd']);
    expect(on.dialog.asked[1]).toEqual({ name: 'ODD', text: 'Really?', choices: ['Yes', 'No'], initial: 'No', hidden: false });
  });

  test('about what a file says is only told where whoever wrote it has decided', async () => {
    const on = interview([lenient], { sources: odd });
    await on.settle();
    expect(on.value('A/doubtful')).toBe('odd');
    expect(on.dialog.logged).toEqual([['warning', 'It is odd']]);
    // What is typed has not been decided by anybody yet.
    const typed = interview([lenient], { replies: ['odd', 'no', 'good'] });
    await typed.settle();
    expect(typed.value('A/doubtful')).toBe('good');
  });

  test('about a default asks nobody where defaults are accepted', async () => {
    const on = interview([{ ...doubtful, initial: 'odd' }], { replies: [], acceptDefaults: true });
    expect(await on.problems()).toMatchObject([{ id: 'ODD', message: expect.stringContaining('A/doubtful, by default odd') }]);
    expect(on.dialog.shown).toEqual([
      ['DOUBTFUL', undefined],
      ['ODD', undefined],
    ]);
  });

  test('about a given answer that has no question of its own says that it was not accepted', async () => {
    const { ask: _, ...silent } = doubtful;
    const problems = await interview([silent], { sources: odd, replies: ['no'] }).problems();
    expect(problems.map(({ message }) => message)).toEqual(['A/doubtful (a.conf:1): not accepted']);
  });

  test.each([
    ['yes', true],
    [true, true],
    ['No', false],
    [false, false],
  ])('is decided by an answer %j to its question', async (raw, accepted) => {
    const on = interview([doubtful], { sources: sourcesOf({ 'QUESTION/1/ODD': raw }), replies: ['odd', 'good'] });
    await on.settle();
    expect(on.value('A/doubtful')).toBe(accepted ? 'odd' : 'good');
    expect(on.names()).not.toContain('ODD');
  });

  test('is decided by an answer to its question also where nobody is there, and before anything is decided by itself', async () => {
    const yes = interview([doubtful], { sources: sourcesOf({ 'A/doubtful': 'odd', 'QUESTION/1/ODD': 'yes' }) });
    await yes.settle();
    expect(yes.value('A/doubtful')).toBe('odd');
    for (const one of [doubtful, lenient]) {
      const no = interview([one], { sources: sourcesOf({ 'A/doubtful': 'odd', 'QUESTION/1/ODD': 'no' }) });
      expect(await no.problems()).toEqual([{ id: 'ODD', level: 'doubt', message: 'A/doubtful (a.conf:1): It is odd' }]);
    }
  });

  test('that is met again takes the next answer to its question', async () => {
    const second = { ...doubtful, key: 'A/second', ask: { name: 'SECOND', text: 'Second' } };
    const given = { 'A/doubtful': 'odd', 'A/second': 'odd', 'QUESTION/1/ODD': 'yes', 'QUESTION/2/ODD': 'no' };
    const on = interview([doubtful, second], { sources: sourcesOf(given) });
    expect((await on.problems()).map(({ message }) => message)).toEqual(['A/second (a.conf:1): It is odd']);
  });

  test('that is neither accepted nor declined by a wrong answer is asked about, or refused with the place of that answer', async () => {
    const sources = sourcesOf({ 'A/doubtful': 'odd', 'QUESTION/1/ODD': 'perhaps' });
    const why = 'QUESTION/1/ODD (a.conf:1): "perhaps" is not one of Yes, No';
    const on = interview([doubtful], { sources, replies: ['yes'] });
    await on.settle();
    expect(on.value('A/doubtful')).toBe('odd');
    expect(on.dialog.logged.at(-1)).toEqual(['error', why]);
    expect((await interview([doubtful], { sources }).problems()).map(({ message }) => message)).toEqual([`A/doubtful (a.conf:1): ${why}`]);
  });
});
