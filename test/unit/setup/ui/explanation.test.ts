import { describe, expect, test } from 'vitest';
import { type Catalogue, type Question, inEnglish } from '#kit';
import { explanation, hint } from '../../../../src/setup/ui/explanation.ts';
import { english } from '../../../../src/setup/ui/wording.ts';

const question: Question = { name: 'FQDN', text: 'Host name', choices: [], hidden: false };

describe('the line below a prompt', () => {
  test.each<[Partial<Question>, string]>([
    [{}, '(? explains)'],
    [{ initial: 'a.example.net' }, '(Tab edits the default, ? explains)'],
    [{ choices: ['Yes', 'No'], initial: 'Yes' }, '(arrow keys choose, ? explains)'],
    [{ hidden: true, initial: 'secret' }, '(nothing is shown while you type, ? explains)'],
    [{ back: true }, '(? explains, < goes back)'],
  ])('of %j says what can be done', (more, wanted) => {
    expect(hint({ ...question, ...more }, english)).toBe(wanted);
  });

  test('is translated', () => {
    const german: Catalogue = (id) => ({ '{0} explains': '{0} erklärt' })[id];
    expect(hint(question, german)).toBe('(? erklärt)');
  });
});

describe('the explanation', () => {
  const lines = (more: Partial<Question>): string =>
    explanation({ ...question, ...more }, english)
      .map(inEnglish)
      .join('\n');

  test('says what the answer is good for, which answers there are, and what Enter alone means', () => {
    const said = lines({ about: 'What for.', choices: ['Yes', 'No'], initial: 'No' });
    expect(said).toMatch(/^What for\.\nAnswers: Yes, No\. .*\nEnter alone means: No\n/);
    expect(said).toContain('QUESTION/1/FQDN');
  });

  test('names the key that answers the question in a file, where there is one', () => {
    expect(lines({ key: 'OVESETUP_CONFIG/fqdn' })).toContain('In an answer file: OVESETUP_CONFIG/fqdn, or QUESTION/1/FQDN\n');
    expect(lines({})).toContain('In an answer file: QUESTION/1/FQDN\n');
  });

  test('never tells a hidden default', () => {
    expect(lines({ hidden: true, initial: 's3cret' })).not.toContain('s3cret');
  });

  test('tells of the way back only where there is one', () => {
    expect(lines({ back: true })).toContain('< goes back');
    expect(lines({})).not.toContain('goes back');
  });
});
