import { describe, expect, test } from 'vitest';
import { parseTyped } from '../../../../src/setup/answers/typed.ts';
import { inEnglish } from '../../../../src/setup/kit/text.ts';

describe('a typed value', () => {
  test.each([
    ['none:None', undefined],
    ['none:', undefined],
    ['bool:True', true],
    ['bool:true', true],
    ['bool: YES ', true],
    ['bool:1', true],
    ['bool:False', false],
    ['bool:no', false],
    ['bool:0', false],
    ['int:443', 443],
    ['int:-1', -1],
    ['int: 07 ', 7],
    ['str:', ''],
    ['str:a:b=c', 'a:b=c'],
    ['str: a', ' a'],
    ['str:100%', '100%'],
    ['str:100%%', '100%'],
    ['str:%%%%', '%%'],
    ['str:%(other)s', '%(other)s'],
    ['multi-str:', []],
    ['multi-str:a', ['a']],
    ['multi-str:a\nb', ['a', 'b']],
    ['multi-str:50%%', ['50%']],
  ])('%j is read', (text, value) => {
    expect(parseTyped(text)).toMatchObject({ value });
  });

  test.each([
    ['bool:maybe', 'a bool is True or False'],
    ["bool:'False'", 'a bool is True or False'],
    ['bool:f', 'a bool is True or False'],
    ['bool:', 'a bool is True or False'],
    ['bool:2', 'a bool is True or False'],
    ['int:', 'an int is a whole number'],
    ['int:1.5', 'an int is a whole number'],
    ['int:0x10', 'an int is a whole number'],
    ['int:1e3', 'an int is a whole number'],
    ['int:12345678901234567890', 'an int is a whole number'],
    ['plain', 'a value starts with its type'],
    ['str', 'a value starts with its type'],
    ['', 'a value starts with its type'],
    ['string:a', 'a value starts with its type'],
    ['Str:a', 'a value starts with its type'],
    ['toString:a', 'a value starts with its type'],
  ])('%j is refused', (text, why) => {
    expect(parseTyped(text)).toMatchObject({ wrong: expect.stringContaining(why) });
  });

  test.each([
    ['bool:True', undefined],
    ['bool:yes', undefined],
    ['bool:False', undefined],
    ['bool:false', undefined],
    ['bool:FALSE', 'takes it for True'],
    ['bool: False', 'takes it for True'],
    ['bool:no', 'takes it for True'],
    ['bool:0', 'takes it for True'],
    ['bool:', 'takes it for True'],
    ["bool:'False'", 'takes it for True'],
    ['bool:maybe', 'takes it for True'],
    ['bool:f', 'takes it for False'],
    ['str:100', undefined],
    ['str:100%', 'up to 4.3 refuses the whole file, or puts another value in place of %(name)s'],
    ['multi-str:%(a)s', 'up to 4.3 refuses the whole file, or puts another value in place of %(name)s'],
    ['str:100%%', 'from 4.4 on takes %% as two signs'],
    ['plain', 'refuses the whole file'],
    ['string:a', 'refuses the whole file'],
  ])('%j: the original %s', (text, original) => {
    const told = parseTyped(text).original;
    expect(told === undefined ? undefined : inEnglish(told)).toBe(original);
  });
});
