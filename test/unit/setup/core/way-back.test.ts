import { describe, expect, test } from 'vitest';
import { GoBack, setting, text, yesNo } from '#kit';
import { sourcesOf } from '../../../support/fakes.ts';
import { interview } from '../../../support/interview.ts';

const back = new GoBack();
const base = { section: 'network', about: 'Something to be said.', kind: text } as const;
const named = (letter: string, more: object = {}) =>
  setting({ ...base, key: `A/${letter}`, ask: { name: letter.toUpperCase(), text: letter }, initial: `usual ${letter}`, ...more });
const [a, b, c] = [named('a'), named('b'), named('c')] as const;

describe('the way back', () => {
  test('is offered only where there is an earlier question that somebody was asked', async () => {
    const on = interview([a, b, c], { sources: sourcesOf({ 'A/a': 'given' }), replies: ['', ''] });
    await on.settle();
    expect(on.dialog.asked.map(({ name, back: offered }) => [name, offered])).toEqual([
      ['B', false],
      ['C', true],
    ]);
  });

  test('puts the question before again, and offers what was typed there as its default', async () => {
    const on = interview([a, b, c], { replies: ['typed a', 'typed b', back, '', 'typed c'] });
    await on.settle();
    expect(on.dialog.asked.map(({ name, initial }) => [name, initial])).toEqual([
      ['A', 'usual a'],
      ['B', 'usual b'],
      ['C', 'usual c'],
      ['B', 'typed b'],
      ['C', 'usual c'],
    ]);
    expect(['A/a', 'A/b', 'A/c'].map(on.value)).toEqual(['typed a', 'typed b', 'typed c']);
  });

  test('leads back over several questions, each with what was typed there', async () => {
    const on = interview([a, b, c], { replies: ['typed a', 'typed b', back, back, 'other a', '', ''] });
    await on.settle();
    expect(on.dialog.asked.slice(3).map(({ name, initial, back: offered }) => [name, initial, offered])).toEqual([
      ['B', 'typed b', true],
      ['A', 'typed a', false],
      ['B', 'typed b', true],
      ['C', 'usual c', true],
    ]);
    expect(['A/a', 'A/b', 'A/c'].map(on.value)).toEqual(['other a', 'typed b', 'usual c']);
  });

  test('ends at the first question', async () => {
    const on = interview([a], { replies: [back, 'x'] });
    await on.settle();
    expect(on.value('A/a')).toBe('x');
  });

  test('passes by what was not asked, and takes it back with the answer that it hangs on', async () => {
    const wanted = setting({ ...base, key: 'A/wanted', kind: yesNo, ask: { name: 'WANTED', text: 'x' }, initial: true });
    const seen: unknown[] = [];
    const derived = named('derived', {
      ask: undefined,
      when: (view: { get(one: typeof wanted): boolean }) => view.get(wanted),
      initial: (view: { find(one: typeof c): unknown }) => (seen.push(view.find(c)), 'derived'),
    });
    const on = interview([wanted, derived, c], { replies: ['yes', back, 'no', ''] });
    await on.settle();
    expect(on.names()).toEqual(['WANTED', 'C', 'WANTED', 'C']);
    expect(on.answer('A/derived')).toBeUndefined();
    // No answer from below was there when it was settled.
    expect(seen).toEqual([undefined]);
  });

  test('computes a default anew where Enter was pressed for it', async () => {
    const follower = named('follower', { initial: (view: { get(one: typeof a): string }) => `after ${view.get(a)}` });
    const on = interview([a, follower, c], { replies: ['one', '', back, back, 'two', '', ''] });
    await on.settle();
    expect(on.value('A/follower')).toBe('after two');
  });

  test('neither shows a secret that was typed nor takes Enter for it', async () => {
    const secret = named('secret', { secret: true, initial: undefined });
    const on = interview([secret, b], { replies: ['geheim', back, '', 'anders', ''] });
    await on.settle();
    expect(JSON.stringify(on.dialog.asked)).not.toContain('geheim');
    expect(on.dialog.logged).toEqual([['error', 'Please specify a value']]);
    expect(on.value('A/secret')).toBe('anders');
  });

  test('leaves given answers as they are, by whatever name they are given', async () => {
    const on = interview([a, b, c, named('d')], {
      sources: sourcesOf({ 'A/b': 'by key', 'QUESTION/1/C': 'by name' }),
      replies: ['one', back, 'two', ''],
    });
    await on.settle();
    expect(on.names()).toEqual(['A', 'D', 'A', 'D']);
    expect(['A/a', 'A/b', 'A/c'].map(on.value)).toEqual(['two', 'by key', 'by name']);
    expect(on.dialog.shown).toEqual([
      ['C', 'by name'],
      ['C', 'by name'],
    ]);
  });

  test('prints the titles of the sections that it comes through again, but not that of the section one stays in', async () => {
    const [d, e] = [named('d', { section: 'database' }), named('e', { section: 'database' })];
    const across = interview([a, d], { replies: ['', back, '', ''] });
    await across.settle();
    expect(across.dialog.titles).toEqual([
      'NETWORK CONFIGURATION',
      'DATABASE CONFIGURATION',
      'NETWORK CONFIGURATION',
      'DATABASE CONFIGURATION',
      'END OF CONFIGURATION',
    ]);
    const within = interview([a, d, e], { replies: ['', '', back, '', ''] });
    await within.settle();
    expect(within.dialog.titles).toEqual(['NETWORK CONFIGURATION', 'DATABASE CONFIGURATION', 'END OF CONFIGURATION']);
  });
});

describe('the way back from what follows all questions', () => {
  test('is closed where nobody was asked anything', async () => {
    const wayBack = await interview([a], { sources: sourcesOf({ 'A/a': 'given' }), replies: [] }).settle();
    expect(wayBack.isOpen()).toBe(false);
  });

  test('puts the last question again, below the title of its section, and settles what stands behind it anew', async () => {
    const follower = named('follower', {
      section: 'database',
      ask: undefined,
      initial: (view: { get(one: typeof b): string }) => `after ${view.get(b)}`,
    });
    const on = interview([a, b, follower], { replies: ['one', 'two', 'three'] });
    const wayBack = await on.settle();
    expect(wayBack.isOpen()).toBe(true);
    await wayBack.take();
    expect(on.dialog.asked.map(({ name, initial }) => [name, initial]).slice(2)).toEqual([['B', 'two']]);
    expect(['A/a', 'A/b', 'A/follower'].map(on.value)).toEqual(['one', 'three', 'after three']);
    expect(on.dialog.titles).toEqual(['NETWORK CONFIGURATION', 'END OF CONFIGURATION', 'NETWORK CONFIGURATION', 'END OF CONFIGURATION']);
  });

  test('leads on to earlier questions, and can be taken again', async () => {
    const on = interview([a, b], { replies: ['one', 'two', back, 'other', '', ''] });
    const wayBack = await on.settle();
    await wayBack.take();
    await wayBack.take();
    expect(on.names()).toEqual(['A', 'B', 'B', 'A', 'B', 'B']);
    expect(on.value('A/a')).toBe('other');
  });

  test('takes answers by name once more, and those to earlier questions only once', async () => {
    const on = interview([a, b, c], {
      sources: sourcesOf({ 'QUESTION/1/A': 'first', 'QUESTION/1/C': 'third' }),
      replies: ['two', 'other two'],
    });
    const wayBack = await on.settle();
    await wayBack.take();
    expect(on.names()).toEqual(['B', 'B']);
    expect(['A/a', 'A/b', 'A/c'].map(on.value)).toEqual(['first', 'other two', 'third']);
  });
});
