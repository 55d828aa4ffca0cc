import { describe, expect, test } from 'vitest';
import { type Catalogue, type Question, inWords } from '#kit';
import { english, promptText, providedAnswer, replyOf } from '../../../../src/setup/ui/wording.ts';

const words: Readonly<Record<string, string>> = {
  Say: 'Sag',
  Yes: 'Ja',
  No: 'Nein',
  '(hidden)': '(verborgen)',
  'provided answer: {0}': 'vorgegeben: {0}',
};
const german: Catalogue = (id) => words[id];
const question: Question = { name: 'Q', text: 'Say', choices: ['Yes', 'No'], initial: 'Yes', hidden: false };

describe('a prompt', () => {
  test.each<[Partial<Question>, string]>([
    [{}, 'Say (Yes, No) [Yes]: '],
    [{ choices: [] }, 'Say [Yes]: '],
    [{ text: '', choices: ['1', '2'], initial: '1' }, '(1, 2)[1]: '],
    [{ choices: [], initial: 'secret', hidden: true }, 'Say: '],
  ])('of %j', (more, wanted) => {
    expect(promptText({ ...question, ...more }, english)).toBe(wanted);
  });

  test('is translated with its choices and its default', () => {
    expect(promptText(question, german)).toBe('Sag (Ja, Nein) [Ja]: ');
  });

  test('leaves a default alone that only looks like a word of the language', () => {
    expect(promptText({ ...question, choices: [], initial: 'No' }, german)).toBe('Sag [No]: ');
  });
});

describe('a reply', () => {
  test.each([
    ['ja', 'Yes'],
    [' NEIN ', 'No'],
    ['Yes', 'Yes'],
    ['vielleicht', 'vielleicht'],
    ['', ''],
  ])('%j in another language means %j', (typed, wanted) => {
    expect(replyOf(question, typed, german)).toBe(wanted);
  });

  test('to an open question is never touched', () => {
    expect(replyOf({ ...question, choices: [] }, ' Ja ', german)).toBe(' Ja ');
  });
});

describe('an answer that was given beforehand', () => {
  test.each<[Partial<Question>, string, string]>([
    [{}, 'No', 'vorgegeben: Nein'],
    [{ choices: [] }, 'No', 'vorgegeben: No'],
    [{ choices: [], hidden: true }, 'geheim', 'vorgegeben: (verborgen)'],
  ])('to %j is told', (more, answer, wanted) => {
    expect(inWords(providedAnswer({ ...question, ...more }, answer), german)).toBe(wanted);
  });
});
