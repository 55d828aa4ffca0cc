import { describe, expect, test } from 'vitest';
import type { Assignment } from '../../../../src/services/frame/conf-parser.ts';
import { parseIni } from '../../../../src/services/frame/ini-parser.ts';

const parse = (text: string) => {
  const values = new Map<string, Assignment>();
  const problems = parseIni(text, 'a.conf', values);
  return { problems, values: Object.fromEntries([...values].map(([key, { value, place }]) => [key, [value, place]])) };
};

describe('a configuration in INI', () => {
  test('has sections whose names may have blanks, and keys in any case', () => {
    const text = '# a comment\n[OVN REMOTE]\novn-remote = ssl:127.0.0.1:6641\n\n; another\n[SSL]\nHTTPS-enabled:true\nempty=\n';
    expect(parse(text)).toEqual({
      problems: [],
      values: {
        'OVN REMOTE/ovn-remote': ['ssl:127.0.0.1:6641', 'a.conf:3'],
        'SSL/https-enabled': ['true', 'a.conf:7'],
        'SSL/empty': ['', 'a.conf:8'],
      },
    });
  });

  test('keeps values as they stand: signs of comments, equals signs and percent signs are letters', () => {
    expect(parse('[A]\nkey=a=b # c %(d)s ${e}').values).toEqual({ 'A/key': ['a=b # c %(d)s ${e}', 'a.conf:2'] });
  });

  test('names the line of whatever it does not understand, and goes on', () => {
    expect(parse('early=1\n[A]\nnonsense\nb=\0\nc=1')).toEqual({
      problems: [
        'a.conf:1: early stands before the first [SECTION]',
        'a.conf:3: expected [SECTION] or key=value',
        'a.conf:4: b: a NUL character is not allowed',
      ],
      values: { 'A/c': ['1', 'a.conf:5'] },
    });
  });
});
