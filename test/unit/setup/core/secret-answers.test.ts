import { describe, expect, test } from 'vitest';
import { setting, text } from '#kit';
import { sourcesOf } from '../../../support/fakes.ts';
import { interview } from '../../../support/interview.ts';

const secret = setting({
  key: 'A/secret',
  section: 'network',
  about: 'Something to be said.',
  kind: text,
  secret: true,
  ask: { name: 'SECRET', text: 'Question', confirm: 'Again' },
});

describe('a secret', () => {
  test('that is given is hidden before anything can complain about it', async () => {
    const on = interview([secret], { sources: sourcesOf({ 'A/secret': 'gehe\nim' }) });
    const problems = await on.problems();
    expect(on.hidden).toEqual(['gehe\nim']);
    expect(JSON.stringify(problems)).not.toContain('gehe');
  });

  test('that the host has settled is hidden, and so is another one that has no effect', async () => {
    const on = interview([{ ...secret, settled: () => 'as-it-is' }], { sources: sourcesOf({ 'A/secret': 'geheim' }) });
    await on.settle();
    expect(on.value('A/secret')).toBe('as-it-is');
    expect(on.hidden).toEqual(['geheim', 'as-it-is']);
    expect(on.dialog.logged).toEqual([['warning', 'A/secret (a.conf:1) has no effect: this host has another one already']]);
  });

  test('that is made up is hidden, and its question does not show it', async () => {
    const on = interview([{ ...secret, initial: 'made-up-secret' }], { replies: ['', ''] });
    await on.settle();
    expect(on.answer('A/secret')).toEqual({ value: 'made-up-secret', origin: { kind: 'asked' } });
    expect(on.hidden).toContain('made-up-secret');
    expect(JSON.stringify(on.dialog.asked)).not.toContain('made-up');
  });

  test('is asked for twice, hidden, and not trimmed into another one', async () => {
    const on = interview([secret], { replies: ['first', 'other', ' padded ', ' padded ', 'second', 'second'] });
    await on.settle();
    expect(on.dialog.asked.map((question) => [question.text, question.hidden, question.back])).toEqual([
      ['Question', true, false],
      ['Again', true, false],
      ['Question', true, false],
      ['Again', true, false],
      ['Question', true, false],
      ['Again', true, false],
    ]);
    expect(on.dialog.logged).toEqual([
      ['warning', 'The two entries do not match'],
      ['error', 'Invalid value: text without blanks at its beginning or end is expected'],
    ]);
    expect(on.value('A/secret')).toBe('second');
    expect(on.hidden).toEqual(expect.arrayContaining(['first', ' padded ', 'second']));
  });

  test('that is given by the name of its question is hidden and not confirmed; where both entries are given, they have to agree', async () => {
    const once = interview([secret], { sources: sourcesOf({ 'QUESTION/1/SECRET': 'geheim' }) });
    await once.settle();
    expect(once.value('A/secret')).toBe('geheim');
    expect(once.hidden).toContain('geheim');
    const twice = interview([secret], { sources: sourcesOf({ 'QUESTION/1/SECRET': 'geheim', 'QUESTION/2/SECRET': 'geheim' }) });
    await twice.settle();
    expect(twice.value('A/secret')).toBe('geheim');
    const differing = interview([secret], { sources: sourcesOf({ 'QUESTION/1/SECRET': 'geheim', 'QUESTION/2/SECRET': 'anders' }) });
    expect((await differing.problems()).map(({ message }) => message)).toEqual([
      'A/secret, given as QUESTION/1/SECRET (a.conf:1): The two entries do not match',
    ]);
    expect(differing.hidden).toEqual(expect.arrayContaining(['geheim', 'anders']));
  });

  test('whose given entries do not agree is asked for where somebody is there, both entries', async () => {
    const sources = sourcesOf({ 'QUESTION/1/SECRET': 'geheim', 'QUESTION/2/SECRET': 'anders' });
    const on = interview([secret], { sources, replies: ['neu', 'neu'] });
    await on.settle();
    expect(on.value('A/secret')).toBe('neu');
    expect(on.dialog.logged).toEqual([['warning', 'The two entries do not match']]);
  });
});
