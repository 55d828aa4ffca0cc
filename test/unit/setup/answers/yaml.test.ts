import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { formatYaml } from '../../../../src/setup/answers/write-yaml.ts';
import { readYaml } from '../../../../src/setup/answers/yaml.ts';
import { inEnglish } from '../../../../src/setup/kit/text.ts';

const read = (text: string) => readYaml(text, 'a.yaml');
const values = (text: string): Readonly<Record<string, unknown>> => {
  const { statements, problems } = read(text);
  expect(problems).toEqual([]);
  return Object.fromEntries(statements.map(({ key, value }) => [key, value]));
};
const messages = (text: string): readonly string[] => read(text).problems.map(({ message }) => inEnglish(message));

describe('answers in YAML', () => {
  test('stand under whole keys or nested by name space', () => {
    const wanted = { 'OVESETUP_CONFIG/fqdn': 'engine.example.net', 'OVESETUP_DB/port': 5432, 'OVESETUP_X/y': true };
    expect(values('OVESETUP_CONFIG/fqdn: engine.example.net\nOVESETUP_DB/port: 5432\nOVESETUP_X/y: true\n')).toEqual(wanted);
    expect(values('OVESETUP_CONFIG:\n  fqdn: engine.example.net\nOVESETUP_DB: {port: 5432}\nOVESETUP_X:\n  y: true\n')).toEqual(wanted);
  });

  test('have the strength of the default section and the place of their key', () => {
    const { statements } = read('# comment\nA:\n  b: x\n\n  c: |\n    two\n    lines\nD/e: [1, two]\n');
    expect(statements).toEqual([
      { key: 'A/b', value: 'x', strength: 'default', place: { file: 'a.yaml', line: 3, column: 3 } },
      { key: 'A/c', value: 'two\nlines\n', strength: 'default', place: { file: 'a.yaml', line: 5, column: 3 } },
      { key: 'D/e', value: [1, 'two'], strength: 'default', place: { file: 'a.yaml', line: 8, column: 1 } },
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
    expect(messages('A/b: 1\nA/b: 2\n')).toEqual(['a.yaml:2:1: A/b: stands here and in line 1']);
    expect(messages('A:\n  b: 1\nA:\n  c: 1\n  b: 1\n')).toEqual(['a.yaml:5:3: A/b: stands here and in line 2']);
    expect(messages('A:\n  b: 1\nC/d: 5\nA/b: 2\n')).toEqual(['a.yaml:4:1: A/b: stands here and in line 2']);
  });

  test('may not use aliases, neither as values nor as keys nor inside of lists', () => {
    expect(messages('A/x: &x secret\nA/b: *x\n')).toEqual(['a.yaml:2:1: A/b: aliases are not read']);
    expect(messages('A/x: &x secret\nA/b: [1, *x]\n')).toEqual(['a.yaml:2:1: A/b: a list holds only plain values']);
    expect(messages('A/x: &x k\n? *x\n: 1\n')).toEqual(['a.yaml:2:3: a key is a text; one that looks like a number needs quotes']);
    expect(messages('A: &a {b: 1}\nC:\n  <<: *a\n')).toEqual(['a.yaml:3:3: C/<<: aliases are not read']);
  });

  test('cannot exhaust the memory by aliases of aliases', () => {
    const laughs = [
      'A/a0: &a0 [lol, lol]',
      ...Array.from({ length: 40 }, (_, n) => `A/a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}*a${n}]`),
    ];
    const { statements, problems } = read(`${laughs.join('\n')}\n`);
    expect(statements.map(({ value }) => value)).toEqual([['lol', 'lol']]);
    expect(problems).toHaveLength(40);
    expect(inEnglish(problems[39]!.message)).toBe('a.yaml:41:1: A/a40: a list holds only plain values');
  });

  test('are refused where they are no list of keys, with the place', () => {
    expect(messages('')).toEqual(['a.yaml:1:1: the file is not a list of KEY: value']);
    expect(messages('\n\njust text\n')).toEqual(['a.yaml:3:1: the file is not a list of KEY: value']);
    expect(messages('- A/b\n')).toEqual(['a.yaml:1:1: the file is not a list of KEY: value']);
    expect(messages('A/b: 1\n5: x\n')).toEqual(['a.yaml:2:1: a key is a text; one that looks like a number needs quotes']);
    expect(messages('A/b: 1\n"": x\n')).toEqual(['a.yaml:2:1: a key is a text; one that looks like a number needs quotes']);
    expect(messages('A/b: 1\n[a, b]: x\n')).toEqual(['a.yaml:2:1: a key is a text; one that looks like a number needs quotes']);
    expect(messages('A/b: [[1]]\nA/c: [{d: 1}]\n')).toEqual([
      'a.yaml:1:1: A/b: a list holds only plain values',
      'a.yaml:2:1: A/c: a list holds only plain values',
    ]);
  });

  test('that cannot be parsed give the place, and nothing of what stands there', () => {
    const found = messages('A/b: 1\nA/c: "geheim\n');
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatch(/^a\.yaml:\d+:\d+: /);
    expect(found.join('\n')).not.toContain('geheim');
    for (const text of [
      'A/c: |geheim\n x\n',
      'A/c: "x" geheim\n',
      'A/c: !geheim x\n',
      'A/c: *geheim\n',
      '}geheim\n',
      'A/c: [}geheim]\n',
      'A/c: "\\geheim"\n',
      '%geheim x\n',
    ]) {
      expect(messages(text).length, text).toBeGreaterThan(0);
      expect(messages(text).join('\n'), text).not.toContain('geheim');
    }
    expect(messages('A/b: 1\n---\nA/b: 2\n').join('\n')).toContain('several documents');
    expect(messages('A:\n\tb: 1\n')[0]).toMatch(/^a\.yaml:2:\d+: /);
  });

  test('that cannot be parsed are told so in our own words', () => {
    const all = ['A: 1\n---\nA: 2\n', 'A: [1\n', 'A:\n\tb: 1\n', 'A: b: c\n', 'A: @x\n', 'A: "x', 'A: &a &b x\n', '? [a\n'];
    for (const text of all) {
      expect(messages(text).length, text).toBeGreaterThan(0);
      expect(messages(text).join('\n'), text).not.toMatch(/YAML\.|parse|implicit|plain value cannot|Flow|Regular|expression/);
    }
  });

  test('may have no tags, which a program could run', () => {
    expect(messages('A/b: !include other.yaml\n')).toEqual(['a.yaml:1:6: tags are not read']);
    expect(values('A/b: !!str 5\n')).toEqual({ 'A/b': '5' });
  });

  test('cannot exhaust the program by their depth or length', { timeout: 20_000 }, () => {
    const deep = messages(`A/b: ${'['.repeat(50_000)}\n`);
    expect(deep).toHaveLength(1);
    expect(deep[0]).toMatch(/^a\.yaml:1:\d+: is nested too deeply/);
    expect(read(`A:\n${Array.from({ length: 10_000 }, (_, n) => `  k${n}: ${n}\n`).join('')}`).statements).toHaveLength(10_000);
    expect(read('x'.repeat(16 * 1024 * 1024)).problems).toHaveLength(1);
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

  test('of any content are read or refused with a place', () => {
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
          for (const message of messages(text)) expect(message).toMatch(/^a\.yaml:\d+:\d+: /);
        },
      ),
    );
  });
});

describe('written YAML', () => {
  test('is nested by name space, and quotes what older readers take for something else', () => {
    const answers = new Map<string, unknown>([
      ['A/b', 'engine.example.net'],
      ['A/c', true],
      ['QUESTION/1/X', 'no'],
      ['A/d', undefined],
      ['A/e', ['x', 'y z']],
      ['A/f', ' 12 '],
    ]);
    expect(formatYaml(answers)).toBe(
      'A:\n  b: engine.example.net\n  c: true\n  d: null\n  e:\n    - x\n    - y z\n  f: " 12 "\nQUESTION:\n  1/X: "no"\n',
    );
  });

  test('is read back to the same answers, whatever they are', () => {
    const key = fc.oneof(
      fc.string({ minLength: 1, unit: 'grapheme' }),
      fc.stringMatching(/^[A-Z]{1,3}(\/[a-z0-9]{1,3}){0,2}$/),
      fc.constantFrom('<<', '__proto__/x', 'a/<<', '5/1', 'null', 'a/null', '~', 'a/-', 'a: b', 'QUESTION/1/X', 'a/', '/a', 'a//b'),
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t', '"', "'", ':', '#', '-', '\u2028', '\u0085', '\ufeff', '0', '~', '\0') }),
      fc.constantFrom('yes', 'No', 'on', '1.0', '0x1', '1_000', 'null', '~', '2020-01-01', '1:30'),
      fc.oneof(fc.boolean(), fc.integer(), fc.constant(undefined), fc.array(fc.string())),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 5 }), (pairs) => {
        const answers = new Map<string, unknown>(pairs);
        let written: string;
        try {
          written = formatYaml(answers);
        } catch (error) {
          expect(String(error)).toContain('damaged characters');
          return;
        }
        const { statements, problems } = read(written);
        expect(problems).toEqual([]);
        expect(new Map(statements.map((one) => [one.key, one.value]))).toEqual(answers);
      }),
    );
  });
});
