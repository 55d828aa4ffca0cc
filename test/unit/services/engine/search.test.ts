import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSearch } from '../../../../src/services/engine/api/search/parse.ts';
import { searchSql } from '../../../../src/services/engine/api/search/sql.ts';
import { Values } from '../../../../src/services/engine/api/search/values.ts';
import { Refusal } from '../../../../src/services/engine/http/refusal.ts';

const collection = {
  rel: 'things',
  search: {
    name: { sql: 't.name', as: 'text' as const },
    size: { sql: 't.size', as: 'number' as const },
    made: { sql: 't.made', as: 'date' as const },
    local: { sql: 't.local', as: 'boolean' as const },
    status: { sql: 't.status', as: { choices: { up: 1, down: 2, pending: 3 } } },
  },
  words: ['name'],
};
const sql = (text: string, caseSensitive = false) => {
  const values = new Values();
  return { ...searchSql(collection, parseSearch(text), values, caseSensitive), values: values.all };
};

describe('a search', () => {
  it.each([
    ['name=a', `(lower(coalesce(t.name, '')) like lower($1))`, ['a']],
    ['name=a*_%', `(lower(coalesce(t.name, '')) like lower($1))`, ['a%\\_\\%']],
    ['size>=5 and size<9', '((t.size >= $1::bigint) and (t.size < $2::bigint))', ['5', '9']],
    ['status=down or status!=up', '((t.status in ($1)) or (t.status not in ($2)))', [2, 1]],
    ['status=*n*', '(t.status in ($1, $2))', [2, 3]],
    ['not local=true', 'not ((t.local = $1))', [true]],
    ['word', `(lower(coalesce(t.name, '')) like lower($1))`, ['%word%']],
    ['Things: name="a b"', `(lower(coalesce(t.name, '')) like lower($1))`, ['a b']],
  ])('%s', (text, where, values) => {
    const found = sql(text);
    expect(found.where).toBe(where);
    expect(found.values).toEqual(values);
  });

  it.each([
    ['made=2026-01-31', '((t.made >= $1 and t.made < $2))', 2],
    ['made!=1/31/2026', '((t.made >= $1 and t.made < $2) is not true)', 2],
    ['made>=2026-01-31', '(t.made >= $1)', 1],
    ['made<2026-01-31', '(t.made < $1)', 1],
    ['made>"2026-01-31 10:00"', '(t.made > $1)', 1],
  ])('takes a day for the whole of it: %s', (text, where, values) => {
    const found = sql(text);
    expect(found.where).toBe(where);
    const [from, to] = found.values as readonly Date[];
    expect(found.values.length).toBe(values);
    if (to !== undefined) expect([from?.getHours(), from?.getDate(), to.getHours(), to.getDate()]).toEqual([0, 31, 0, 1]);
  });

  it.each(['made>2026-01-31', 'made<=2026-01-31'])('takes the end of a day for what is after it or not: %s', (text) => {
    const [end] = sql(text).values as readonly Date[];
    expect([end?.getMonth(), end?.getDate(), end?.getHours()]).toEqual([1, 1, 0]);
  });

  it('tells the fields that it compares, and not those that it only sorts by', () => {
    expect([...sql('not size=1 or name=a sortby made').fields]).toEqual(['size', 'name']);
  });

  it('sorts, and turns pages', () => {
    expect(sql('sortby size desc').order).toBe('t.size desc');
    expect(parseSearch('name=a sortby name page 3')).toMatchObject({ sort: { field: 'name', descending: false }, page: 3 });
    expect(parseSearch('')).toEqual({ condition: null, sort: null, page: null });
  });

  it('binds and before or', () => {
    expect(parseSearch('a or b and c').condition).toEqual({ or: [{ word: 'a' }, { and: [{ word: 'b' }, { word: 'c' }] }] });
  });

  it('is understood or refused, whatever it is, and no value ever becomes a part of the statement', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        try {
          const { where } = sql(text);
          expect((where ?? '').replace(/t\.\w+|\$\d+|coalesce|like|bigint|distinct|lower|from|and|or|not|true|in|is|''/g, '')).toMatch(
            /^[\s(),:=<>!]*$/,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('finds every name that is written as a value in quotation marks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), (name) => {
        const quoted = `name="${name.replace(/["\\]/g, '\\$&')}"`;
        expect(parseSearch(quoted).condition).toEqual({ field: 'name', operator: '=', value: name });
      }),
    );
  });

  it.each(['made>-200000-01-01', 'made=+200000-01-01', 'made<0000-01-01', 'made=never'])(
    'is refused with a date that the database cannot hold: %s',
    (text) => {
      expect(() => sql(text)).toThrow(Refusal);
    },
  );

  it('is refused when it is too long or nested too deeply', () => {
    expect(() => parseSearch('a '.repeat(3000))).toThrow(Refusal);
    expect(() => parseSearch(`${'('.repeat(50)}a${')'.repeat(50)}`)).toThrow(Refusal);
    expect(() => parseSearch('a '.repeat(500))).toThrow(Refusal);
  });
});
