import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { searchOf } from '../../../../src/services/engine/sso/token-info-queries.ts';
import { list, map, untyped } from '../../../../src/services/engine/sso/typed.ts';

describe('typed pairs', () => {
  it('are read without their types', () => {
    expect(untyped(map({ ids: list(['a', 'b']), recursive: true, domain: 'internal-authz' }))).toEqual({
      ids: ['a', 'b'],
      recursive: true,
      domain: 'internal-authz',
    });
  });

  it('are told from plain lists of two texts', () => {
    expect(untyped(['a', 'b'])).toEqual(['a', 'b']);
  });

  it('are refused when they are nested without end, and never anything else happens', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 1_000; depth++) deep = [deep];
    expect(() => untyped(deep)).toThrow(RangeError);
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        expect(() => untyped(value)).not.toThrow();
      }),
    );
  });
});

describe('a search', () => {
  it.each([
    ['', { pattern: '*', field: 'any' }],
    ['adm*', { pattern: 'adm*', field: 'any' }],
    ['name=adm*', { pattern: 'adm*', field: 'name' }],
    ['allnames="adm"', { pattern: 'adm', field: 'any' }],
    ['usrname = a', { pattern: 'a', field: 'name' }],
    ['lastname=X', { pattern: 'X', field: 'lastName' }],
  ])('for %j', (query, expected) => {
    expect(searchOf(query)).toEqual(expected);
  });

  it('for an attribute that is not searched for is refused', () => {
    expect(() => searchOf('password=a')).toThrow('cannot be searched for');
    expect(() => searchOf('constructor=a')).toThrow('cannot be searched for');
  });
});
