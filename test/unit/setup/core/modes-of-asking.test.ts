import { describe, expect, test } from 'vitest';
import { setting, text, yesNo } from '#kit';
import { sourcesOf } from '../../../support/fakes.ts';
import { interview } from '../../../support/interview.ts';

const base = { section: 'network', about: 'Something to be said.' } as const;
const ask = (name: string) => ({ name, text: `Question ${name}` });
const plain = setting({ ...base, key: 'A/plain', kind: text, ask: ask('PLAIN'), initial: 'usual' });
const needed = setting({ ...base, key: 'A/needed', kind: text, ask: ask('NEEDED') });
const secret = setting({ ...base, key: 'A/secret', kind: text, secret: true, ask: { ...ask('SECRET'), confirm: 'Again' } });
const choice = setting({ ...base, key: 'A/choice', kind: yesNo, ask: ask('CHOICE'), initial: true });
const doubtful = setting({
  ...base,
  key: 'A/doubtful',
  kind: text,
  ask: ask('DOUBTFUL'),
  validate: () => ({ id: 'ODD', doubt: 'It is odd', question: 'Really?' }),
});

describe('a front end that cannot be asked again', () => {
  test.each([
    ['a wrong word', choice, ['perhaps'], 'Invalid value: Yes or No is expected'],
    ['nothing where there is no default', needed, [''], 'Please specify a value'],
    ['two entries that differ', secret, ['one', 'two'], 'The two entries do not match'],
  ] as const)('ends the run with %s', async (_, one, replies, why) => {
    const on = interview([one, plain], { replies: [...replies, 'never'], patient: false });
    expect((await on.problems()).map(({ message }) => message)).toEqual([why]);
    expect(on.names()).not.toContain('PLAIN');
  });

  test('ends the run with a given answer that is wrong, and with a doubt that is not accepted', async () => {
    const given = interview([choice, plain], { sources: sourcesOf({ 'A/choice': 'perhaps' }), replies: [], patient: false });
    expect((await given.problems()).map(({ message }) => message)).toEqual(['A/choice (a.conf:1): Yes or No is expected']);
    const declined = interview([doubtful, plain], { replies: ['odd', 'no'], patient: false });
    expect((await declined.problems()).map(({ id }) => id)).toEqual(['ODD']);
    const wrongly = interview([doubtful, plain], { replies: ['odd', 'perhaps'], patient: false });
    expect((await wrongly.problems()).map(({ message }) => message)).toEqual(['Invalid value']);
  });

  test('goes on with answers that are right', async () => {
    const on = interview([choice, needed, secret], { replies: ['No', 'x', 'one', 'one'], patient: false });
    await on.settle();
    expect(['A/choice', 'A/needed', 'A/secret'].map(on.value)).toEqual([false, 'x', 'one']);
  });
});

describe('accepted defaults', () => {
  test('are taken and shown instead of asking; what has none is asked', async () => {
    const on = interview([plain, choice, needed], { replies: ['typed'], acceptDefaults: true });
    await on.settle();
    expect(on.dialog.shown).toEqual([
      ['PLAIN', undefined],
      ['CHOICE', undefined],
    ]);
    expect(on.names()).toEqual(['NEEDED']);
    expect(['A/plain', 'A/choice', 'A/needed'].map(on.value)).toEqual(['usual', true, 'typed']);
  });

  test('are shown also where nobody is there', async () => {
    const on = interview([plain], { acceptDefaults: true });
    await on.settle();
    expect(on.dialog.shown).toEqual([['PLAIN', undefined]]);
  });

  test('do not stand in for a given answer that is wrong', async () => {
    const on = interview([choice], { sources: sourcesOf({ 'A/choice': 'perhaps' }), replies: [], acceptDefaults: true });
    expect((await on.problems()).map(({ message }) => message)).toEqual(['A/choice (a.conf:1): Yes or No is expected']);
  });
});

describe('an optional component', () => {
  const component = { ...choice, key: 'A/component', optional: true };
  const declined = sourcesOf({ 'A/component': false, 'A/choice': false }, { kind: 'kept', where: 'post.conf:1' });

  test('that was declined earlier stays declined', async () => {
    const on = interview([component], { sources: declined, replies: [] });
    await on.settle();
    expect(on.value('A/component')).toBe(false);
  });

  test('that was declined earlier is asked for again where that is wanted, and nothing else is', async () => {
    const on = interview([component, choice], { sources: declined, replies: [''], reconfigureOptional: true });
    await on.settle();
    expect(on.names()).toEqual(['CHOICE']);
    expect(['A/component', 'A/choice'].map(on.value)).toEqual([true, false]);
    const unattended = interview([component], { sources: declined, reconfigureOptional: true });
    await unattended.settle();
    expect(unattended.value('A/component')).toBe(true);
  });

  test('that was installed earlier is not asked for', async () => {
    const sources = sourcesOf({ 'A/component': true }, { kind: 'kept' });
    const on = interview([component], { sources, replies: [], reconfigureOptional: true });
    await on.settle();
    expect(on.dialog.asked).toEqual([]);
  });
});
