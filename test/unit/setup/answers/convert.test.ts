import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convert } from '../../../../src/setup/answers/convert.ts';
import { readAnswers } from '../../../../src/setup/answers/sources.ts';
import { SetupError } from '../../../../src/setup/kit/errors.ts';
import { inEnglish } from '../../../../src/setup/kit/text.ts';

const file = (path: string, text: string) => ({ path, text, kept: false });
const classic = [
  '# a comment',
  '[environment:default]',
  'A/name=str:engine.example.net',
  'A/flag=bool:False',
  'B/port=int:5432',
  'B/nothing=none:None',
  'B/list=multi-str:one',
  ' two',
  'QUESTION/1/X=str:no',
  '',
].join('\n');
const yaml = [
  'A:',
  '  name: engine.example.net',
  '  flag: false',
  'B:',
  '  port: 5432',
  '  nothing: null',
  '  list:',
  '    - one',
  '    - two',
  'QUESTION:',
  '  1/X: "no"',
  '',
].join('\n');

const refusal = async (promise: Promise<unknown>): Promise<readonly string[]> => {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SetupError);
  return (error as SetupError).problems.map(({ message }) => inEnglish(message));
};

describe('converting', () => {
  test('a classic file gives YAML, without the comments', async () => {
    expect((await convert([file('a.conf', classic)], 'yaml')).text).toBe(yaml);
  });

  test('YAML gives a classic file, and that the same YAML again', async () => {
    const { text } = await convert([file('a.yaml', yaml)], 'conf');
    expect(text).toContain('# answers: 6\n[environment:default]\n');
    expect((await convert([file('b.conf', text)], 'yaml')).text).toBe(yaml);
  });

  test('several files gives one, in which the last one counts, even if it says none', async () => {
    const files = [file('1.conf', classic), file('2.yaml', 'A: {name: x, flag: null}\nC/d: 1\n')];
    const { text, keys } = await convert(files, 'yaml');
    expect(text).toContain('  name: x\n  flag: null\n');
    expect(text).toContain('C:\n  d: 1\n');
    expect(new Set(keys)).toEqual(new Set(['A/name', 'A/flag', 'B/port', 'B/list', 'QUESTION/1/X', 'C/d']));
  });

  test('to a classic file keeps all sections', async () => {
    const text = '[environment:enforce]\nA/b=str:x\n[environment:init]\nA/b=str:y\n';
    const converted = (await convert([file('a.conf', text)], 'conf')).text;
    expect(converted).toContain('# answers: 2\n[environment:default]\n[environment:init]\nA/b=str:y\n[environment:enforce]\nA/b=str:x\n');
  });

  test('names everything that has no form in the other format, with its place', async () => {
    const strong = file('a.conf', '[environment:default]\nA/a=str:x\n[environment:enforce]\nA/b=str:x\n[environment:init]\nA/c=str:x\n');
    expect(await refusal(convert([strong], 'yaml'))).toEqual([
      'a.conf:4: A/b: YAML has no form for [environment:enforce]',
      'a.conf:6: A/c: YAML has no form for [environment:init]',
    ]);
    const loose = file('a.yaml', 'A/a: "two\\nlines"\nA/b: 1.5\nA/c: [1]\n"a b": x\nA/d: fine\n');
    expect(await refusal(convert([loose], 'conf'))).toEqual([
      'a.yaml:1:1: A/a: only a list can have line breaks in a classic file',
      'a.yaml:2:1: A/b: only whole numbers of at most 15 digits have a form in an answer file',
      'a.yaml:3:1: A/c: a list of an answer file holds only texts',
      'a.yaml:4:1: a b: a key with blanks, = or : has no form in an answer file',
    ]);
  });

  test('loses nothing of what stands under a misspelt title', async () => {
    const misspelt = file('a.conf', '[environment:defualt]\nA/b=str:x\n[others]\nA/c=str:x\n');
    expect(await refusal(convert([misspelt], 'yaml'))).toEqual([
      'a.conf:2: A/b: stands in [environment:defualt], which is not a section of answers',
      'a.conf:4: A/c: stands in [others], which is not a section of answers',
    ]);
    const error = (await convert([misspelt], 'conf').catch((thrown: unknown) => thrown)) as SetupError;
    expect(error.problems.map(({ remedy }) => remedy && inEnglish(remedy))).toEqual([
      'Did you mean [environment:default]?',
      'Move it to [environment:default], or remove it.',
    ]);
  });

  test('what cannot be read is refused with all that is wrong, and without the values', async () => {
    const found = await refusal(
      convert([file('a.conf', '[environment:default]\nA/a=bool:geheim\njunk\n'), file('b.yaml', '- geheim\n')], 'conf'),
    );
    expect(found).toHaveLength(3);
    expect(found.join()).not.toContain('geheim');
  });

  test('there and back gives the same answers, whatever they are', async () => {
    const key = fc.stringMatching(/^[A-Z_0-9]{1,4}(\/[A-Za-z0-9_~-]{1,4}){0,2}$/);
    const value = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('no', 'null', '1', '%', '%%', '%%%s', '# x', '~', "it's", ' x', '1:30'),
      fc.oneof(fc.boolean(), fc.integer(), fc.constant(undefined)),
      fc.array(fc.string({ unit: 'grapheme', minLength: 1 })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 6 }), async (pairs) => {
        const wanted = new Map<string, unknown>(pairs);
        const { formatYaml } = await import('../../../../src/setup/answers/write-yaml.ts');
        const before = file('a.yaml', formatYaml(wanted));
        let between: string;
        try {
          between = (await convert([before], 'conf')).text;
        } catch (error) {
          expect((error as SetupError).problems.length).toBeGreaterThan(0);
          return;
        }
        const { text } = await convert([file('b.conf', between)], 'yaml');
        const { statements } = await readAnswers(file('c.yaml', text));
        expect(new Map(statements.map((one) => [one.key, one.value]))).toEqual(wanted);
      }),
    );
  });
});
