import { describe, expect, test } from 'vitest';
import { integer, setting, text, yesNo } from '#kit';
import { sourcesOf } from '../../../support/fakes.ts';
import { interview } from '../../../support/interview.ts';

const base = { section: 'network', about: 'Something to be said.' } as const;
const first = setting({ ...base, key: 'A/first', kind: text, ask: { name: 'FIRST', text: 'First' } });
const wanted = setting({ ...base, key: 'A/wanted', kind: yesNo, ask: { name: 'WANTED', text: 'Wanted' } });
const last = setting({ ...base, key: 'A/last', kind: text, ask: { name: 'LAST', text: 'Last' } });
const number = setting({ ...base, key: 'A/number', kind: integer(1, 10), initial: 5 });

describe('a bad answer to a setting without a question', () => {
  test('is told before the first question, together with all others', async () => {
    const other = { ...number, key: 'A/other' };
    const on = interview([first, number, last, other], { replies: ['x', 'y'], sources: sourcesOf({ 'A/number': 11, 'A/other': 'z' }) });
    expect(await on.problems()).toMatchObject([
      { id: 'A/number', message: 'A/number (a.conf:1): a whole number from 1 to 10 is expected' },
      { id: 'A/other' },
    ]);
    expect(on.names()).toEqual([]);
  });

  test('is told as soon as the answers are there that it hangs on', async () => {
    const hanging = setting({
      ...base,
      key: 'A/hanging',
      kind: text,
      validate: (value, view) => (value === view.get(first) ? undefined : 'It is another one'),
    });
    const on = interview([first, last, hanging], { replies: ['x', 'y'], sources: sourcesOf({ 'A/hanging': 'z' }) });
    expect(await on.problems()).toMatchObject([{ message: 'A/hanging (a.conf:1): It is another one' }]);
    expect(on.names()).toEqual(['FIRST']);
  });

  test('is no matter where it turns out not to be relevant', async () => {
    const relevant = { ...number, when: (view: Parameters<NonNullable<typeof number.when>>[0]) => view.find(wanted) !== false };
    const play = (reply: string) => interview([wanted, last, relevant], { replies: [reply, 'y'], sources: sourcesOf({ 'A/number': 11 }) });
    const refused = play('yes');
    expect(await refused.problems()).toMatchObject([{ id: 'A/number' }]);
    expect(refused.names()).toEqual(['WANTED']);
    const fine = play('no');
    await fine.settle();
    expect(fine.names()).toEqual(['WANTED', 'LAST']);
  });

  test('leaves doubts and warnings to its turn', async () => {
    const doubtful = { ...number, validate: () => ({ doubt: 'It is odd', id: 'odd', question: 'Go on?' }) };
    const on = interview([first, doubtful], { replies: ['x', 'yes'], sources: sourcesOf({ 'A/number': 7 }) });
    await on.settle();
    expect(on.names()).toEqual(['FIRST', 'odd']);
    expect(on.value('A/number')).toBe(7);
  });
});
