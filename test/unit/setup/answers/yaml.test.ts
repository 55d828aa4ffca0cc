import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readYaml } from '../../../../src/setup/answers/yaml.ts';

const read = (text: string) => readYaml(text, 'a.yaml');
const values = (text: string): Readonly<Record<string, unknown>> => {
  const { statements, problems } = read(text);
  expect(problems).toEqual([]);
  return Object.fromEntries(statements.map(({ key, value }) => [key, value]));
};
const messages = (text: string): readonly string[] => read(text).problems.map(({ message }) => message);

describe('answers in YAML', () => {
  test('stand under whole keys or nested by name space', () => {
    const wanted = { 'OVESETUP_CONFIG/fqdn': 'engine.example.net', 'OVESETUP_DB/port': 5432, 'OVESETUP_X/y': true };
    expect(values('OVESETUP_CONFIG/fqdn: engine.example.net\nOVESETUP_DB/port: 5432\nOVESETUP_X/y: true\n')).toEqual(wanted);
    expect(values('OVESETUP_CONFIG:\n  fqdn: engine.example.net\nOVESETUP_DB: {port: 5432}\nOVESETUP_X:\n  y: true\n')).toEqual(wanted);
  });

  test('have the strength of the default section and the line of their key', () => {
    const { statements } = read('# comment\nA:\n  b: x\n\n  c: |\n    two\n    lines\nD/e: [1, two]\n');
    expect(statements).toEqual([
      { key: 'A/b', value: 'x', strength: 'default', where: 'a.yaml:3' },
      { key: 'A/c', value: 'two\nlines\n', strength: 'default', where: 'a.yaml:5' },
      { key: 'D/e', value: [1, 'two'], strength: 'default', where: 'a.yaml:8' },
    ]);
  });

  test('that are empty or null are not given', () => {
    expect(values('A/b:\nA/c: null\nA/d: ~\nA/e: ""\n')).toEqual({ 'A/b': undefined, 'A/c': undefined, 'A/d': undefined, 'A/e': '' });
  });

  test('read as the same with CRLF line ends and a byte order mark', () => {
    const text = 'A:\n  b: x\n  c: y\n';
    expect(read(text.replaceAll('\n', '\r\n'))).toEqual(read(text));
    expect(read(`\uFEFF${text}`)).toEqual(read(text));
  });

  test('may not stand twice, in whatever form, and the message names both lines', () => {
    expect(messages('A/b: 1\nA/b: 2\n')[0]).toMatch(/^a\.yaml:2: Map keys must be unique/);
    expect(messages('A:\n  b: 1\nC/d: 5\nA/b: 2\n')).toEqual(['a.yaml:4: A/b stands here and in line 2']);
  });

  test('may not use aliases, neither as values nor as keys nor inside of lists', () => {
    expect(messages('A/x: &x secret\nA/b: *x\n')).toEqual(['a.yaml:2: A/b: aliases are not read']);
    expect(messages('A/x: &x secret\nA/b: [1, *x]\n')).toEqual(['a.yaml:2: A/b: a list holds only plain values']);
    expect(messages('A/x: &x k\n? *x\n: 1\n')).toEqual(['a.yaml:2: a key is a text']);
    expect(messages('A: &a {b: 1}\nC:\n  <<: *a\n')).toEqual(['a.yaml:3: C/<<: aliases are not read']);
  });

  test('cannot exhaust the memory by aliases of aliases', () => {
    const laughs = [
      'A/a0: &a0 [lol, lol]',
      ...Array.from({ length: 40 }, (_, n) => `A/a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}*a${n}]`),
    ];
    const { statements, problems } = read(`${laughs.join('\n')}\n`);
    expect(statements.map(({ value }) => value)).toEqual([['lol', 'lol']]);
    expect(problems).toHaveLength(40);
    expect(problems[39]?.message).toBe('a.yaml:41: A/a40: a list holds only plain values');
  });

  test('are refused where they are no list of keys, with the line', () => {
    expect(messages('')).toEqual(['a.yaml:1: the file is not a list of KEY: value']);
    expect(messages('\n\njust text\n')).toEqual(['a.yaml:3: the file is not a list of KEY: value']);
    expect(messages('- A/b\n')).toEqual(['a.yaml:1: the file is not a list of KEY: value']);
    expect(messages('A/b: 1\n5: x\n')).toEqual(['a.yaml:2: a key is a text']);
    expect(messages('A/b: 1\n"": x\n')).toEqual(['a.yaml:2: a key is a text']);
    expect(messages('A/b: 1\n[a, b]: x\n')).toEqual(['a.yaml:2: a key is a text']);
    expect(messages('A/b: [[1]]\nA/c: [{d: 1}]\n')).toEqual([
      'a.yaml:1: A/b: a list holds only plain values',
      'a.yaml:2: A/c: a list holds only plain values',
    ]);
  });

  test('that cannot be parsed give the line, and nothing of what stands there', () => {
    const found = messages('A/b: 1\nA/c: "geheim\n');
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatch(/^a\.yaml:\d+: /);
    expect(found.join('\n')).not.toContain('geheim');
    expect(messages('A/b: 1\n---\nA/b: 2\n').join('\n')).toContain('multiple documents');
    expect(messages('A:\n\tb: 1\n')[0]).toMatch(/^a\.yaml:2: /);
  });

  test('give back every text that was written', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[A-Z]{1,5}\/[a-z]{1,5}$/), fc.oneof(fc.string({ unit: 'grapheme' }), fc.boolean(), fc.integer())),
        (answers) => {
          if (Object.keys(answers).length === 0) return;
          expect(values(stringify({ ...answers }))).toEqual({ ...answers });
        },
      ),
    );
  });

  test('of any content are read or refused with a line', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            'a',
            ':',
            ' ',
            '\n',
            '-',
            '[',
            ']',
            '{',
            '}',
            '&a',
            '*a',
            '!',
            '|',
            '"',
            "'",
            '#',
            '%',
            '\t',
            '?',
            '<<',
            '1',
            ',',
          ),
        }),
        (text) => {
          for (const { message } of read(text).problems) expect(message).toMatch(/^a\.yaml:\d+: /);
        },
      ),
    );
  });
});
