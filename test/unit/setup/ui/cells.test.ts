import { assert, property, integer, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellsOf, rowsOf, wrapped } from '../../../../src/setup/ui/cells.ts';

describe('the cells of a text', () => {
  test.each([
    ['abc', 3],
    ['äöü', 3],
    ['a\u0308', 1],
    ['漢字', 4],
    ['ＡＢ', 4],
    ['한글', 4],
    ['🐢', 2],
    ['\u001b[92mab\u001b[0m', 2],
    ['', 0],
  ])('%j are %i', (text, cells) => {
    expect(cellsOf(text)).toBe(cells);
  });
});

describe('rows', () => {
  test('are cut where they are full, and a wide character goes to the next one whole', () => {
    expect(rowsOf('abcdef', 3)).toEqual(['abc', 'def']);
    expect(rowsOf('ab漢c', 3)).toEqual(['ab', '漢c']);
    expect(rowsOf('', 3)).toEqual(['']);
  });

  test('never cut a colour', () => {
    expect(rowsOf('\u001b[92mabc\u001b[0md', 3)).toEqual(['\u001b[92mabc\u001b[0m', 'd']);
  });

  test('hold all characters, and none is too long', () => {
    assert(
      property(string({ unit: 'grapheme' }), integer({ min: 2, max: 20 }), (text, width) => {
        const rows = rowsOf(text, width);
        expect(rows.join('')).toBe(text);
        for (const row of rows) expect(cellsOf(row)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('a wrapped line', () => {
  test.each([
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 8, ['one two', 'three']],
    ['short', 7, ['short']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['a bcdefghij', 4, ['a', 'bcde', 'fghi', 'j']],
    ['name      : value', 8, ['name', ': value']],
    ['question [a]: ', 13, ['question [a]:', '']],
    ['', 4, ['']],
  ])('%j in %i cells', (line, width, wanted) => {
    expect(wrapped(line, width)).toEqual(wanted);
  });

  test('has less room in its first row, and a long word goes past it whole', () => {
    expect(wrapped('ab cd efgh', 6, 3)).toEqual(['ab', 'cd', 'efgh']);
    expect(wrapped('abcdef gh', 6, 3)).toEqual(['', 'abcdef', 'gh']);
  });

  test('has every word, in order, in rows that are not too long', () => {
    const words = (text: string): string => text.replaceAll(/ /g, '');
    assert(
      property(string({ unit: 'grapheme-ascii' }), integer({ min: 1, max: 20 }), integer({ min: 1, max: 20 }), (text, width, first) => {
        const rows = wrapped(text, width, Math.min(first, width));
        expect(words(rows.join(''))).toBe(words(text));
        for (const row of rows) expect(cellsOf(row)).toBeLessThanOrEqual(width);
      }),
    );
  });
});
