import { expect, test } from 'vitest';
import { fact, setting, text } from '#kit';
import { Unsettled, isRemembered, newAnswers } from '../../../../src/setup/core/answers.ts';
import { probe } from '../../../../src/setup/core/facts.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { sourcesOf } from '../../../support/fakes.ts';

const one = setting({ key: 'A/one', section: 'network', kind: text, about: 'One.' });
const asked = setting({ key: 'A/asked', section: 'network', kind: text, about: 'Asked.', ask: { name: 'X', text: 'X' } });

test('an answer that is not settled cannot be got, only looked for', () => {
  const answers = newAnswers(new Map());
  expect(() => answers.get(one)).toThrow(Unsettled);
  expect(answers.find(one)).toBeUndefined();
  answers.set(one, { value: 'x', origin: { kind: 'computed' } });
  expect([answers.get(one), answers.find(one)]).toEqual(['x', 'x']);
});

test('only what somebody said counts as given', () => {
  const answers = newAnswers(new Map());
  expect(answers.given(one)).toBe(false);
  for (const [kind, given] of [
    ['computed', false],
    ['kept', false],
    ['asked', true],
    ['given', true],
  ] as const) {
    answers.set(one, { value: 'x', origin: { kind } });
    expect(answers.given(one), kind).toBe(given);
  }
});

test('an answer that a source has is known before it is settled, under any of its keys', () => {
  const renamed = { ...one, formerly: ['A/former'] };
  const stated = (given: Readonly<Record<string, unknown>>) => newAnswers(new Map(), sourcesOf(given)).stated(renamed);
  expect([stated({}), stated({ 'A/one': 'x' }), stated({ 'A/former': false }), stated({ 'A/asked': 'x' })]).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('an answer that is taken back is open again', () => {
  const answers = newAnswers(new Map());
  answers.set(one, { value: 'x', origin: { kind: 'asked' } });
  answers.unset(one);
  expect(answers.find(one)).toBeUndefined();
  expect(answers.given(one)).toBe(false);
});

test('what was asked or given is remembered, what was computed is not, unless the setting says so', () => {
  const answers = newAnswers(new Map());
  answers.set(one, { value: 'x', origin: { kind: 'computed' } });
  answers.set(asked, { value: 'x', origin: { kind: 'computed' } });
  expect([isRemembered(one, answers), isRemembered(asked, answers)]).toEqual([false, true]);
  expect([isRemembered({ ...one, remember: true }, answers), isRemembered({ ...asked, remember: false }, answers)]).toEqual([true, false]);
  expect(isRemembered({ ...one, remember: (view) => view.get(one) === 'x' }, answers)).toBe(true);
  answers.set(one, { value: 'x', origin: { kind: 'given' } });
  expect(isRemembered(one, answers)).toBe(true);
});

test('a fact that no plugin declares cannot be read', async () => {
  const known = fact('known', async () => undefined);
  const answers = newAnswers(await probe([known], memoryHost(newMachine())));
  expect(answers.fact(known)).toBeUndefined();
  expect(() => answers.fact(fact('unknown', async () => 1))).toThrow('fact unknown is not declared by any plugin');
});

test('a fact that several plugins declare is read once', async () => {
  let asks = 0;
  const counted = fact('counted', async () => ++asks);
  expect(await probe([counted, counted], memoryHost(newMachine()))).toEqual(new Map([['counted', 1]]));
});

test('a fact that cannot be read stops the run', async () => {
  await expect(probe([fact('broken', () => Promise.reject(new Error('no disk')))], memoryHost(newMachine()))).rejects.toThrow('no disk');
});
