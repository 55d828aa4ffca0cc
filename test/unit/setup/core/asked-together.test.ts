import { describe, expect, test } from 'vitest';
import { setting, text } from '#kit';
import { sourcesOf } from '../../../support/fakes.ts';
import { interview } from '../../../support/interview.ts';

const base = { section: 'database', about: 'Something to be said.', kind: text } as const;
const above = setting({ ...base, key: 'A/above', section: 'network', ask: { name: 'ABOVE', text: 'x' }, initial: 'above' });
const host = setting({ ...base, key: 'A/host', ask: { name: 'HOST', text: 'x' }, initial: 'localhost' });
const user = setting({ ...base, key: 'A/user', ask: { name: 'USER', text: 'x' }, initial: 'engine' });
const password = setting({
  ...base,
  key: 'A/password',
  secret: true,
  ask: { name: 'PASSWORD', text: 'x' },
  validate: (value, view) => (value === `${view.get(user)}@${view.get(host)}` ? undefined : { refused: 'No way in', again: host.key }),
});
const all = [above, host, user, password];

describe('answers that are right only together', () => {
  test('are asked again together, from the first of them on, with what was typed as their defaults', async () => {
    const on = interview(all, { replies: ['', 'db1', '', 'wrong', '', 'other', 'other@db1'] });
    await on.settle();
    expect(on.dialog.asked.map(({ name, initial }) => [name, initial])).toEqual([
      ['ABOVE', 'above'],
      ['HOST', 'localhost'],
      ['USER', 'engine'],
      ['PASSWORD', undefined],
      ['HOST', 'db1'],
      ['USER', 'engine'],
      ['PASSWORD', undefined],
    ]);
    expect(on.dialog.logged).toEqual([['error', 'No way in']]);
    expect(['A/host', 'A/user', 'A/password'].map(on.value)).toEqual(['db1', 'other', 'other@db1']);
    // The section is the same: its title stands above already.
    expect(on.dialog.titles).toEqual(['NETWORK CONFIGURATION', 'DATABASE CONFIGURATION', 'END OF CONFIGURATION']);
  });

  test('are asked again as far as they are not given', async () => {
    const on = interview(all, { sources: sourcesOf({ 'A/host': 'db1', 'A/password': 'new@db1' }), replies: ['', 'old', 'new'] });
    await on.settle();
    expect(on.names()).toEqual(['ABOVE', 'USER', 'USER']);
    expect(on.dialog.logged).toEqual([['error', 'A/password (a.conf:1): No way in']]);
  });

  test('are asked again also where only the last of them was typed', async () => {
    const sources = sourcesOf({ 'A/above': 'x', 'A/host': 'db1', 'A/user': 'engine' });
    const on = interview(all, { sources, replies: ['wrong', 'engine@db1'] });
    await on.settle();
    expect(on.names()).toEqual(['PASSWORD', 'PASSWORD']);
  });

  test('are refused where all of them are given: they would only fail again', async () => {
    const given = { 'A/host': 'db1', 'A/user': 'engine', 'A/password': 'wrong' };
    const wanted = [{ id: 'A/password', level: 'error', message: 'A/password (a.conf:1): No way in' }];
    expect(await interview(all, { sources: sourcesOf(given) }).problems()).toEqual(wanted);
    expect(await interview(all, { sources: sourcesOf(given), replies: [''] }).problems()).toEqual(wanted);
  });

  test('are asked for the next time where their first answers are given by the names of their questions', async () => {
    const on = interview(all, {
      sources: sourcesOf({ 'QUESTION/1/HOST': 'db1', 'QUESTION/1/PASSWORD': 'wrong' }),
      replies: ['', '', 'db2', '', 'engine@db2'],
    });
    await on.settle();
    expect(on.names()).toEqual(['ABOVE', 'USER', 'HOST', 'USER', 'PASSWORD']);
  });

  test('are not asked again by a front end that cannot be asked again', async () => {
    const on = interview(all, { replies: ['', 'db1', '', 'wrong', 'never'], patient: false });
    expect((await on.problems()).map(({ message }) => message)).toEqual(['No way in']);
  });
});
