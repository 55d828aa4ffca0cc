import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBasic } from '../../../../src/services/engine/http/basic-credentials.ts';
import { dropCookie, readCookie, setCookie } from '../../../../src/services/engine/http/cookies.ts';
import { one, parseFields } from '../../../../src/services/engine/http/fields.ts';

describe('fields of queries and forms', () => {
  it('are decoded', () => {
    const fields = parseFields('a=1+2&b=%C3%A9&c&d=');
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => one(fields, name))).toEqual(['1 2', 'é', '', '', null]);
  });

  it('are refused when ambiguous or not fit for the database', () => {
    expect(() => one(parseFields('a=1&a=2'), 'a')).toThrow('more than once');
    expect(() => one(parseFields('a=%00'), 'a')).toThrow('NUL');
  });

  it('survive any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseFields(text)));
    expect(one(parseFields('a=%zz%'), 'a')).toBe('%zz%');
    expect(one(parseFields('__proto__=1'), '__proto__')).toBe('1');
  });
});

describe('cookies', () => {
  it('are read by their exact name, the first one counting', () => {
    expect(readCookie('xa=0; a=1;a=2', 'a')).toBe('1');
    expect(readCookie('a=b=c', 'a')).toBe('b=c');
    expect([readCookie(undefined, 'a'), readCookie('', 'a'), readCookie('a', 'a')]).toEqual([null, null, null]);
  });

  it('are kept from scripts, from other sites and from plain HTTP', () => {
    expect(setCookie('__Secure-x', 'v')).toBe('__Secure-x=v; Path=/ovirt-engine; Secure; HttpOnly; SameSite=Lax');
    expect(dropCookie('__Secure-x')).toContain('Max-Age=0');
  });
});

describe('HTTP Basic', () => {
  const header = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  it('is split at the first colon and is UTF-8', () => {
    expect(parseBasic(header('admin@internal:pä:ss'))).toEqual({ user: 'admin@internal', password: 'pä:ss' });
    expect(parseBasic(header('a:').replace('Basic', 'bAsIc'))).toEqual({ user: 'a', password: '' });
  });

  it.each([undefined, '', 'Basic', 'Basic !!', 'Bearer abc', header('nocolon')])('is not %j', (value) => {
    expect(parseBasic(value)).toBeNull();
  });
});
