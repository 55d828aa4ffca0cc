import { describe, expect, test } from 'vitest';
import { VerbFailure, readParams } from '../../../../src/services/host-agent/verbs.ts';

const id = '0F5A7B3E-3c1d-4a3e-9d0a-8a7b6c5d4e3f';

describe('parameters of a call', () => {
  test('are read as what the verb needs, numbers and booleans also as text', () => {
    const params = readParams({ vmID: id, size: '1024', offset: -1, on: 'True', off: false, inner: { list: ['a'] } });
    expect(params.uuid('vmID')).toBe(id.toLowerCase());
    expect(params.bytes('size')).toBe(1024);
    expect(params.number('offset')).toBe(-1);
    expect(params.flag('on')).toBe(true);
    expect(params.flag('off')).toBe(false);
    expect(params.object('inner').texts('list')).toEqual(['a']);
  });

  test('may be left out or null where they are optional', () => {
    const params = readParams({ a: null });
    expect(params.optionalText('a')).toBeUndefined();
    expect(params.optionalNumber('b')).toBeUndefined();
    expect(params.has('a')).toBe(false);
    expect(params.names()).toEqual(['a']);
  });

  test('have names in a list where the verb gives them', () => {
    expect(readParams(['x', 1], ['vmID', 'timeout', 'more']).number('timeout')).toBe(1);
    expect(readParams([]).names()).toEqual([]);
    expect(() => readParams(['x'])).toThrow('by their names');
    expect(() => readParams(['x', 'y'], ['vmID'])).toThrow('There are 2 parameters instead of at most 1');
  });

  test.each<[string, (params: ReturnType<typeof readParams>) => unknown, string]>([
    ['is missing', (params) => params.text('vmID'), 'Parameter vmID is missing'],
    ['is of another kind', (params) => params.text('number'), 'Parameter number must be a text'],
    ['is no UUID', (params) => params.uuid('text'), 'Parameter text must be a UUID'],
    ['is less than nothing', (params) => params.bytes('negative'), 'Parameter negative must be a count of bytes'],
    ['has decimals', (params) => params.number('decimals'), 'Parameter decimals must be a whole number'],
    ['lies within another', (params) => params.object('inner').list('deep'), 'Parameter inner.deep is missing'],
    ['lies within a list', (params) => params.objects('list')[1]?.flag('on'), 'Parameter list[1].on must be true or false'],
    ['is a name of every object', (params) => params.text('constructor'), 'Parameter constructor is missing'],
  ])('are refused by name when one %s', (_what, attempt, message) => {
    const params = readParams({ number: 1, text: 'x', negative: '-5', decimals: 1.5, inner: {}, list: [{}, { on: 'maybe' }] });
    expect(() => attempt(params)).toThrow(new VerbFailure(-32602, message));
  });

  test('must be an object or a list', () => {
    for (const value of ['text', 7, true]) expect(() => readParams(value)).toThrow('must be an object or a list');
  });
});
