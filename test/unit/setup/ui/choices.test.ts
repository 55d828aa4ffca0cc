import { describe, expect, test } from 'vitest';
import { type Catalogue, type Question, inEnglish } from '#kit';
import { choiceOf, neighbour } from '../../../../src/setup/ui/choices.ts';
import { english } from '../../../../src/setup/ui/wording.ts';

const german: Catalogue = (id) => ({ Yes: 'Ja', No: 'Nein' })[id];
const choices = (...all: readonly string[]): Question => ({ name: 'Q', text: 'Say', choices: all, hidden: false });
const wrong = (typed: string, question: Question): string => {
  const meant = choiceOf(typed, question, english);
  return 'wrong' in meant ? inEnglish(meant.wrong) : '';
};

describe('a choice is meant', () => {
  test.each([
    ['y', choices('Yes', 'No'), 'Yes'],
    ['NO', choices('Yes', 'No'), 'No'],
    [' ye ', choices('Yes', 'No'), 'Yes'],
    ['auto', choices('Auto', 'Automatic'), 'Auto'],
    ['1', choices('1', '12'), '1'],
  ])('by %j among %j', (typed, question, choice) => {
    expect(choiceOf(typed, question, english)).toEqual({ choice });
  });

  test.each([
    ['j', 'Yes'],
    ['n', 'No'],
    ['ja', 'Yes'],
    ['yes', 'Yes'],
  ])('by %j in another language', (typed, choice) => {
    expect(choiceOf(typed, choices('Yes', 'No'), german)).toEqual({ choice });
  });
});

test('what begins no choice is wrong, and so is what begins more than one', () => {
  expect(wrong('x', choices('Yes', 'No'))).toBe("'x' is no answer to this question. Choose one of: Yes, No");
  expect(wrong('yess', choices('Yes', 'No'))).toContain('no answer');
  expect(wrong('a', choices('Auto', 'Automatic'))).toBe("'a' can mean more than one answer. Choose one of: Auto, Automatic");
});

describe('the arrow keys', () => {
  const question = { ...choices('Yes', 'No', 'Maybe'), initial: 'No' };
  test('go around, from the default where nothing is typed', () => {
    expect(neighbour('', 1, question, english)).toBe('Maybe');
    expect(neighbour('', -1, question, english)).toBe('Yes');
    expect(neighbour('Maybe', 1, question, english)).toBe('Yes');
    expect(neighbour('Yes', -1, question, english)).toBe('Maybe');
  });

  test('begin at an end where there is no default, or where something else is typed', () => {
    const { initial: _, ...open } = question;
    expect(neighbour('', 1, open, english)).toBe('Yes');
    expect(neighbour('xyz', -1, open, english)).toBe('Maybe');
  });

  test('bring up words of the language', () => {
    expect(neighbour('Nein', -1, question, german)).toBe('Ja');
  });
});
