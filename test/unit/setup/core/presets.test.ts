import { describe, expect, test } from 'vitest';
import { decision, setting, text } from '#kit';
import { sourcesOf } from '../../../support/fakes.ts';
import { interview } from '../../../support/interview.ts';

const base = { section: 'network', about: 'Something to be said.' } as const;
const name = setting({
  ...base,
  key: 'A/name',
  kind: text,
  ask: { name: 'NAME', text: 'Name' },
  initial: 'usual',
  validate: (value) => (value === 'bad' ? 'It is bad' : undefined),
});
const mode = setting({ ...base, key: 'A/mode', kind: decision('Automatic', 'Manual'), ask: { name: 'MODE', text: 'Mode' }, initial: true });

describe('an answer by the name of a question', () => {
  test.each([undefined, [] as const])('is taken and shown, whether or not somebody is there', async (replies) => {
    const sources = sourcesOf({ 'QUESTION/1/NAME': 'x', 'QUESTION/1/MODE': 'manual' });
    const on = interview([name, mode], { sources, ...(replies === undefined ? {} : { replies }) });
    await on.settle();
    expect(['A/name', 'A/mode'].map(on.value)).toEqual(['x', false]);
    expect(on.answer('A/name')?.origin).toEqual({ kind: 'given', where: 'a.conf:1' });
    expect(on.dialog.shown).toEqual([
      ['NAME', 'x'],
      ['MODE', 'manual'],
    ]);
    expect(on.dialog.asked).toEqual([]);
  });

  test.each([
    [true, true],
    [false, false],
    ['No', false],
    ['yes', true],
    ['AUTOMATIC', true],
  ])('may be a bool or any of its words: %j', async (raw, wanted) => {
    const on = interview([mode], { sources: sourcesOf({ 'QUESTION/1/MODE': raw }) });
    await on.settle();
    expect(on.value('A/mode')).toBe(wanted);
  });

  test('that is empty means the default', async () => {
    const on = interview([name], { sources: sourcesOf({ 'QUESTION/1/NAME': '' }) });
    await on.settle();
    expect(on.value('A/name')).toBe('usual');
  });

  test('goes before accepted defaults, and behind the key of the setting', async () => {
    const preset = { 'QUESTION/1/NAME': 'x' };
    const on = interview([name], { sources: sourcesOf(preset), acceptDefaults: true, replies: [] });
    await on.settle();
    expect(on.value('A/name')).toBe('x');
    const keyed = interview([name], { sources: sourcesOf({ ...preset, 'A/name': 'key' }) });
    await keyed.settle();
    expect(keyed.value('A/name')).toBe('key');
    expect(keyed.dialog.shown).toEqual([]);
  });

  test('counts how often a question of that name was put: the second one takes the second answer, or none', async () => {
    const second = { ...name, key: 'A/second' };
    const third = { ...name, key: 'A/third' };
    const on = interview([name, second, third], {
      sources: sourcesOf({ 'QUESTION/1/NAME': 'x', 'QUESTION/2/NAME': 'y', 'QUESTION/4/NAME': 'z' }),
      replies: ['typed'],
    });
    await on.settle();
    expect(['A/name', 'A/second', 'A/third'].map(on.value)).toEqual(['x', 'y', 'typed']);
  });

  test('is not used up by asking again after a bad answer', async () => {
    const second = { ...name, key: 'A/second' };
    const on = interview([name, second], { sources: sourcesOf({ 'QUESTION/2/NAME': 'y' }), replies: ['bad', 'bad', 'good'] });
    await on.settle();
    expect(['A/name', 'A/second'].map(on.value)).toEqual(['good', 'y']);
  });

  test('that is wrong is told with its place, and asked for where somebody is there', async () => {
    const on = interview([name, mode], {
      sources: sourcesOf({ 'QUESTION/1/NAME': 'bad', 'QUESTION/1/MODE': 'perhaps' }),
      replies: ['good', 'Manual'],
    });
    await on.settle();
    expect(on.dialog.logged).toEqual([
      ['error', 'A/name, given as QUESTION/1/NAME (a.conf:1): It is bad'],
      ['error', 'A/mode, given as QUESTION/1/MODE (a.conf:1): Automatic or Manual is expected'],
    ]);
    expect(['A/name', 'A/mode'].map(on.value)).toEqual(['good', false]);
  });

  test('that is wrong is refused with its place where nobody is there, together with all others', async () => {
    const on = interview([name, mode], { sources: sourcesOf({ 'QUESTION/1/NAME': 'bad', 'QUESTION/1/MODE': 'perhaps' }) });
    expect((await on.problems()).map(({ id, message }) => [id, message])).toEqual([
      ['A/name', 'A/name, given as QUESTION/1/NAME (a.conf:1): It is bad'],
      ['A/mode', 'A/mode, given as QUESTION/1/MODE (a.conf:1): Automatic or Manual is expected'],
    ]);
  });
});
