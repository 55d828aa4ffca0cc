import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatConf, parseTyped, readConf } from '../../../../src/setup/answers/conf.ts';
import { text as textKind } from '../../../../src/setup/kit/kinds.ts';

const read = (...lines: readonly string[]) => readConf(`${lines.join('\n')}\n`, 'a.conf');
const section = '[environment:default]';
const messages = (text: string): readonly string[] => readConf(text, 'a.conf').problems.map(({ message }) => message);
const values = (...lines: readonly string[]): Readonly<Record<string, unknown>> => {
  const { statements, problems } = read(section, ...lines);
  expect(problems).toEqual([]);
  return Object.fromEntries(statements.map(({ key, value }) => [key, value]));
};

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
    expect(parseTyped(text)).toEqual({ value });
  });

  test.each([
    ['bool:maybe', '"maybe" is neither True nor False'],
    ["bool:'False'", `"'False'" is neither True nor False`],
    ['bool:', '"" is neither True nor False'],
    ['bool:2', '"2" is neither True nor False'],
    ['int:', '"" is not a whole number'],
    ['int:1.5', '"1.5" is not a whole number'],
    ['int:0x10', '"0x10" is not a whole number'],
    ['int:1e3', '"1e3" is not a whole number'],
    ['int:12345678901234567890', '"12345678901234567890" is not a whole number'],
    ['plain', 'a value starts with its type'],
    ['str', 'a value starts with its type'],
    ['', 'a value starts with its type'],
    ['string:a', 'a value starts with its type'],
    ['Str:a', 'a value starts with its type'],
    ['toString:a', 'a value starts with its type'],
  ])('%j is refused', (text, why) => {
    expect(parseTyped(text)).toEqual({ wrong: expect.stringContaining(why) });
  });
});

describe('a classic answer file', () => {
  test('gives its answers with their places', () => {
    const { statements, problems } = read(
      '# a comment',
      section,
      '',
      '; another',
      'A/b=str:x',
      '  # inside',
      'A/c = int:5',
      'A/d: bool:no',
    );
    expect(problems).toEqual([]);
    expect(statements).toEqual([
      { key: 'A/b', value: 'x', strength: 'default', where: 'a.conf:5' },
      { key: 'A/c', value: 5, strength: 'default', where: 'a.conf:7' },
      { key: 'A/d', value: false, strength: 'default', where: 'a.conf:8' },
    ]);
  });

  test('knows four strengths, and the same key may stand once in each', () => {
    const { statements, problems } = read(
      ...['default', 'init', 'override', 'enforce'].flatMap((strength, index) => [`[environment:${strength}]`, `A/b=int:${index}`]),
    );
    expect(problems).toEqual([]);
    expect(statements.map(({ strength, value }) => [strength, value])).toEqual([
      ['default', 0],
      ['init', 1],
      ['override', 2],
      ['enforce', 3],
    ]);
  });

  test('may hold sections of others, whose content is none of our business', () => {
    expect(read('[other]', 'anything', 'x=y', '  continued', '[environment:later]', 'A/b=junk', section, 'A/b=str:x')).toEqual({
      statements: [{ key: 'A/b', value: 'x', strength: 'default', where: 'a.conf:8' }],
      problems: [],
    });
  });

  test('continues a value on indented lines, past comments and empty lines', () => {
    expect(values('A/list=multi-str:one', '  two', '', '# no', '\tthree', 'A/b=str:x')).toEqual({
      'A/list': ['one', 'two', 'three'],
      'A/b': 'x',
    });
  });

  test('keeps answers to single questions under their names', () => {
    expect(values('QUESTION/1/OVESETUP_NETWORK_FQDN_this=str:engine.example.net', 'QUESTION/2/X=bool:False')).toEqual({
      'QUESTION/1/OVESETUP_NETWORK_FQDN_this': 'engine.example.net',
      'QUESTION/2/X': false,
    });
  });

  test('reads as the same with CRLF line ends and a byte order mark', () => {
    const text = `# answers: 2\n${section}\nA/b=str:x\nA/list=multi-str:1\n  2\n`;
    const plain = readConf(text, 'a.conf');
    expect(plain.problems).toEqual([]);
    expect(readConf(text.replaceAll('\n', '\r\n'), 'a.conf')).toEqual(plain);
    expect(readConf(`\uFEFF${text}`, 'a.conf')).toEqual(plain);
  });

  test('may end without a line end where it does not say how many answers it holds', () => {
    expect(readConf(`${section}\nA/b=str:x`, 'a.conf').statements).toHaveLength(1);
  });

  test('may say the same thing twice, but not two different things', () => {
    expect(read(section, 'A/b=str:x', 'A/b=str:x')).toMatchObject({ statements: [{ value: 'x' }], problems: [] });
    const twice = read(section, 'A/b=str:x', 'A/c=str:y', 'A/b=str:z');
    expect(twice.problems).toMatchObject([{ message: 'a.conf:4: A/b stands here and, with another value, in line 2' }]);
    // A secret that is given twice must not be shown.
    expect(JSON.stringify(twice.problems)).not.toMatch(/[xz]"/);
  });

  test('is refused where it is binary, empty or cut off before its section', () => {
    const binary = readConf(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]).toString('utf8'), 'a.conf');
    expect(binary).toMatchObject({ statements: [], problems: [{ message: 'a.conf: this is not a text file in UTF-8' }] });
    expect(messages(Buffer.from('[environment:default]\nA/b=str:M\xfcller\n', 'latin1').toString('utf8'))).toEqual([
      'a.conf: this is not a text file in UTF-8',
    ]);
    for (const nothing of ['', '\n', '# action=setup\n', '\r\n\r\n', '\uFEFF'])
      expect(messages(nothing), nothing).toEqual(['a.conf: the file is empty']);
  });

  test('says line and remedy of everything that is wrong with it, all together', () => {
    const { problems } = read(
      'A/early=str:x',
      section,
      'A/b=bool:perhaps',
      'no pair',
      '  not continued',
      'A/c=int:x',
      '[environment:default',
      'A/d=x',
    );
    expect(problems.map(({ message }) => message)).toEqual([
      'a.conf:1: stands before the first section',
      'a.conf:3: A/b: "perhaps" is neither True nor False',
      'a.conf:4: is neither a section nor KEY=type:value',
      'a.conf:5: is neither a section nor KEY=type:value',
      'a.conf:6: A/c: "x" is not a whole number',
      'a.conf:7: is neither a section nor KEY=type:value',
      'a.conf:8: A/d: a value starts with its type: none:, bool:, int:, str: or multi-str:',
    ]);
    expect(problems.every(({ level, id }) => level === 'error' && id === 'answer-file')).toBe(true);
  });

  test('of any content is read or refused, but never breaks the reader', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('[', ']', '=', ':', '\n', '\r', ' ', '\t', '#', 'a', '%', '\0', 'environment:default', 'str:', 'int:'),
        }),
        (text) => {
          for (const given of [text, `${section}\n${text}`])
            for (const { message } of readConf(given, 'a.conf').problems) expect(message).toMatch(/^a\.conf(:\d+)?: /);
        },
      ),
    );
  });

  test('is read in time that grows with its length alone', () => {
    // A reader that goes back and forth would need hours for this line.
    const line = `a${' '.repeat(2_000_000)}b`;
    expect(read(section, line).problems).toHaveLength(1);
  });
});

describe('a written answer file', () => {
  const written = formatConf(
    new Map<string, unknown>([
      ['A/list', ['a', 'b%', 'c d']],
      ['A/text', '100% "quoted" # x'],
      ['A/yes', true],
      ['A/no', false],
      ['A/number', -5],
      ['A/nothing', undefined],
    ]),
  );

  test('is the classic form, with the number of its answers', () => {
    expect(written).toBe(
      [
        '# action=setup',
        '# answers: 6',
        '[environment:default]',
        'A/list=multi-str:a',
        ' b%%',
        ' c d',
        'A/text=str:100%% "quoted" # x',
        'A/yes=bool:True',
        'A/no=bool:False',
        'A/number=int:-5',
        'A/nothing=none:None',
        '',
      ].join('\n'),
    );
  });

  test('is refused wherever it is cut off', () => {
    expect(messages(written)).toEqual([]);
    for (let length = 0; length < written.length; length++)
      expect(messages(written.slice(0, length)), written.slice(0, length)).not.toEqual([]);
  });

  test('is refused when an answer was added or taken away without correcting the number', () => {
    expect(messages(`${written}A/more=str:x\n`)).toEqual(['a.conf: the file says that it holds 6 answers, but 7 are here']);
    expect(messages(written.replace('A/yes=bool:True\n', ''))).toEqual(['a.conf: the file says that it holds 6 answers, but 5 are here']);
  });

  const acceptable = (text: string): boolean => {
    try {
      textKind.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const anyText = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('%', '#', ';', '[', ']', '=', ':', ' ', '"', '\\', '\u2028', '\u00a0', '\u{1f422}', 'é') }),
  );

  test('gives back every text that a setting can have', () => {
    const texts = anyText.filter(acceptable);
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.stringMatching(/^[A-Z_]{1,8}\/[A-Za-z_]{1,12}$/),
          fc.oneof(
            texts,
            fc.boolean(),
            fc.maxSafeInteger().filter((n) => Math.abs(n) < 1e15),
          ),
          { maxKeys: 6 },
        ),
        (answers) => {
          const { statements, problems } = readConf(formatConf(new Map(Object.entries(answers))), 'a.conf');
          expect(problems).toEqual([]);
          expect(Object.fromEntries(statements.map(({ key, value }) => [key, value]))).toEqual({ ...answers });
        },
      ),
    );
  });

  test('gives back every list, or refuses to write it', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 4 }), (list) => {
        let text: string;
        try {
          text = formatConf(new Map([['A/list', list]]));
        } catch (error) {
          expect(
            list.some((one) => /^[\s#;]|[\n\r]|\s$|^$/.test(one)),
            String(error),
          ).toBe(true);
          return;
        }
        if (/[\0\uFFFD]/.test(text) || /\r/.test(text)) return;
        expect(readConf(text, 'a.conf')).toMatchObject({ statements: [{ value: list }], problems: [] });
      }),
    );
  });

  test('cannot be made to say more by a line break inside of an answer', () => {
    expect(() => formatConf(new Map([['A/b', 'x\nA/c=str:y']]))).toThrow('line breaks');
    expect(() => formatConf(new Map([['A/b', ['x\nA/c=str:y']]]))).toThrow('line breaks');
    expect(() => formatConf(new Map([['A/b', { a: 1 }]]))).toThrow('object has no form');
  });
});
