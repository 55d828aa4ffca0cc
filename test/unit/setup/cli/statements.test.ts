import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { environmentStatements } from '../../../../src/setup/cli/environment-statements.ts';
import { shellWords } from '../../../../src/setup/cli/shell-words.ts';
import { english } from '../../../support/fakes.ts';

describe('a text with shell-like quoting', () => {
  test.each([
    ['', []],
    ['  ', []],
    ['a  b\tc\nd', ['a', 'b', 'c', 'd']],
    [`'a b' "c d" e\\ f`, ['a b', 'c d', 'e f']],
    [`A=str:'x y'z`, ['A=str:x yz']],
    [`"a\\"b\\\\c\\d"`, ['a"b\\c\\d']],
    [`'a\\'`, ['a\\']],
    [`'' ""`, ['', '']],
    ['$HOME `id` *', ['$HOME', '`id`', '*']],
  ])('%j is %j', (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });

  test.each([`'a`, `"a`, `a'b`, 'a\\', `"a\\"`])('%j ends too early', (text) => {
    expect(shellWords(text)).toBeUndefined();
  });

  test('gives every word back that was quoted as shells do it', () => {
    const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
        expect(shellWords(words.map(quoted).join(' '))).toEqual(words);
      }),
    );
  });

  test('of any kind is read or refused in the end', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ' ', "'", '"', '\\', '\n') }), (text) => {
        expect(shellWords(text) ?? []).toBeInstanceOf(Array);
      }),
    );
  });
});

describe('statements of the original', () => {
  const where = '--otopi-environment';
  test('are typed answers; of two for one key the last counts', () => {
    expect(environmentStatements(`A/b=bool:True C/d='str:two words' E/f=int:7 G/h=none:None C/d=str:x=y`)).toEqual([
      { key: 'A/b', value: true, where },
      { key: 'C/d', value: 'x=y', where },
      { key: 'E/f', value: 7, where },
      { key: 'G/h', value: undefined, where },
    ]);
  });

  test('join texts with APPEND and PREPEND, with a colon where there is one already', () => {
    expect(environmentStatements('APPEND:A/b=str:x APPEND:A/b=str:y PREPEND:A/b=str:z')).toEqual([{ key: 'A/b', value: 'z:x:y', where }]);
  });

  test('that are wrong are refused together, and their values are not repeated', () => {
    let error: unknown;
    try {
      environmentStatements('word A/b=canary C/d=int:canary E/f=bool:canary G/h=int:1 APPEND:G/h=str:canary');
    } catch (thrown) {
      error = english(thrown);
    }
    expect(error).toMatchObject({ code: 'usage' });
    const { problems } = error as { problems: { message: string }[] };
    expect(problems.map(({ message }) => message.slice(0, 32))).toEqual([
      '--otopi-environment: word 1 is n',
      '--otopi-environment: A/b: a valu',
      '--otopi-environment: C/d: an int',
      '--otopi-environment: E/f: a bool',
      '--otopi-environment: APPEND:G/h ',
    ]);
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  test('with a quote that is not closed are refused', () => {
    expect(() => environmentStatements(`A/b='str:x`)).toThrow('--otopi-environment: a quote is not closed');
  });
});
