import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatConf, readConf } from '../../../../src/setup/answers/conf.ts';
import { text as textKind } from '../../../../src/setup/kit/kinds.ts';
import { inEnglish, message } from '../../../../src/setup/kit/text.ts';

const read = (...lines: readonly string[]) => readConf(`${lines.join('\n')}\n`, 'a.conf');
const section = '[environment:default]';
const said = (problems: ReturnType<typeof readConf>['problems']): readonly string[] => problems.map(({ message }) => inEnglish(message));
const messages = (text: string): readonly string[] => said(readConf(text, 'a.conf').problems);
const notes = (...lines: readonly string[]): readonly string[] => read(...lines).notes.map(({ message }) => inEnglish(message));
const values = (...lines: readonly string[]): Readonly<Record<string, unknown>> => {
  const { statements, problems } = read(section, ...lines);
  expect(problems).toEqual([]);
  return Object.fromEntries(statements.map(({ key, value }) => [key, value]));
};

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
      { key: 'A/b', value: 'x', strength: 'default', place: { file: 'a.conf', line: 5 } },
      { key: 'A/c', value: 5, strength: 'default', place: { file: 'a.conf', line: 7 } },
      { key: 'A/d', value: false, strength: 'default', place: { file: 'a.conf', line: 8 }, original: message`takes it for ${'True'}` },
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

  test('may hold sections of others, whose statements are not read, but named', () => {
    expect(read('[other]', 'anything', 'x=y', '  continued', '[environment:later]', 'A/b=junk', section, 'A/b=str:x')).toEqual({
      statements: [{ key: 'A/b', value: 'x', strength: 'default', place: { file: 'a.conf', line: 8 } }],
      problems: [],
      notes: [],
      ignored: [
        { key: 'x', place: { file: 'a.conf', line: 3 }, section: 'other', from: { file: 'a.conf', line: 1 } },
        { key: 'A/b', place: { file: 'a.conf', line: 6 }, section: 'environment:later', from: { file: 'a.conf', line: 5 } },
      ],
      flawed: [],
    });
  });

  test('swallows no statement that is indented by mistake', () => {
    const swallowed = (value: string) => read(section, `A/b=${value}`, '', '  A/c=str:y');
    for (const value of ['str:x', 'int:5', 'bool:True', 'none:None'])
      expect(said(swallowed(value).problems), value).toEqual(['a.conf:2: A/b: continued in line 4; remove the blanks at its beginning']);
    expect(said(read(section, 'A/b=bool:True', ' more').problems)[0]).toContain('continued in line 3');
    expect(swallowed('multi-str:x').problems).toEqual([]);
    expect(notes(section, 'A/b=multi-str:x', ' y', ' A/c=str:y')).toEqual([
      'a.conf:2: A/b: continued in line 4; remove the blanks at its beginning if it stands for itself',
    ]);
    expect(notes(section, 'A/b=str:x', ' y')).toEqual([
      'a.conf:2: A/b: continued in line 3; remove the blanks at its beginning if it stands for itself',
    ]);
    expect(notes(section, 'A/b=multi-str:x', ' y')).toEqual([]);
  });

  test('is read on behind a title whose bracket is missing, so that this is said once', () => {
    expect(messages('[environment:default\nA/b=str:x\nA/c=str:y\n')).toEqual([
      'a.conf:1: the bracket behind the title of a section is missing',
    ]);
    expect(messages('[environment:default] A/b=str:x\n')).toEqual(['a.conf:1: something stands behind the title of a section']);
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

  test('may end without a line end where it does not say how many answers it holds, with a note', () => {
    const reading = readConf(`${section}\nA/b=str:x`, 'a.conf');
    expect(reading).toMatchObject({ statements: [{ value: 'x' }], problems: [], notes: [{ place: { line: 2 } }] });
    expect(inEnglish(reading.notes[0]!.message)).toContain('cut off');
  });

  test('may say the same thing twice, with a note, but not two different things', () => {
    const same = read(section, 'A/b=str:x', 'A/b=str:x');
    expect(same).toMatchObject({ statements: [{ value: 'x' }, { value: 'x', original: 'refuses the whole file' }], problems: [] });
    expect(notes(section, 'A/b=str:x', 'A/b=str:x')).toEqual(['a.conf:3: A/b: stands in line 2 already']);
    const twice = read(section, 'A/b=str:x', 'A/c=str:y', 'A/b=str:z');
    expect(said(twice.problems)).toEqual(['a.conf:4: A/b: stands here and, with another value, in line 2']);
    // A secret that is given twice must not be shown.
    expect(JSON.stringify(twice.problems)).not.toMatch(/[xz]"/);
  });

  test('reads a doubled percent sign as one, with a note, and a single one as it is', () => {
    expect(values('A/b=str:100%', 'A/c=str:100%%', 'A/d=str:%(name)s')).toEqual({ 'A/b': '100%', 'A/c': '100%', 'A/d': '%(name)s' });
    expect(notes(section, 'A/b=str:100%', 'A/c=str:100%%')).toEqual(['a.conf:3: A/c: %% is read as %, which needs no doubling here']);
  });

  test.each(['include /etc/other.conf', '%include other', '!include x', '@Include "x"', 'include'])('cannot include others: %s', (line) => {
    expect(read(section, line).problems).toMatchObject([
      { what: 'an answer file cannot include others', remedy: 'Name each file with --config-append=FILE.' },
    ]);
  });

  test('never shows a value in what it says, whatever is wrong', () => {
    const canary = 'geheim42';
    const lines = [
      canary,
      `  ${canary}`,
      `A/b=bool:${canary}`,
      `A/c=int:${canary}`,
      `A/d=${canary}`,
      `A/e=str:${canary}%%`,
      `A/e=str:${canary}`,
    ];
    const { problems, notes: odd } = read(section, ...lines);
    expect(problems.length).toBe(6);
    expect(JSON.stringify([problems, odd])).not.toContain(canary);
  });

  test('is refused where it is binary, empty or cut off before its section', () => {
    const binary = readConf(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]).toString('utf8'), 'a.conf');
    expect(binary).toMatchObject({ statements: [], problems: [{ what: 'this is not a text file in UTF-8' }] });
    expect(messages(Buffer.from('[environment:default]\nA/b=str:M\xfcller\n', 'latin1').toString('utf8'))).toEqual([
      'a.conf:2: this is not a text file in UTF-8',
    ]);
    expect(messages(`${section}\n\nA/b=str:\0\n`)).toEqual(['a.conf:3: this is not a text file in UTF-8']);
    for (const nothing of ['', '\n', '# action=setup\n', '\r\n\r\n', '\uFEFF'])
      expect(messages(nothing), nothing).toEqual(['a.conf:1: the file is empty']);
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
    expect(said(problems)).toEqual([
      'a.conf:1: A/early: stands before the first section',
      'a.conf:3: A/b: a bool is True or False, or yes, no, 1 or 0',
      'a.conf:4: is neither a section nor KEY=type:value',
      'a.conf:5: is neither a section nor KEY=type:value',
      'a.conf:6: A/c: an int is a whole number of at most 15 digits',
      'a.conf:7: the bracket behind the title of a section is missing',
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
            for (const message of messages(given)) expect(message).toMatch(/^a\.conf:\d+: /);
        },
      ),
    );
  });

  test('in which everything is wrong is not read to its end', () => {
    const found = messages(`${section}\n${'junk\n'.repeat(100_000)}`);
    expect(found).toHaveLength(1001);
    expect(found.at(-1)).toBe('a.conf:1002: so much is wrong that the rest is not read');
  });

  test('is read in one pass, however it is made', { timeout: 20_000 }, () => {
    // A reader that goes back and forth would need hours for any of these.
    const long = 2_000_000;
    expect(read(section, `a${' '.repeat(long)}b`).problems).toHaveLength(1);
    expect(read(section, 'x'.repeat(16 * 1024 * 1024)).problems).toHaveLength(1);
    expect(read(section, `[${'['.repeat(long)}`).problems).toHaveLength(1);
    const continued = read(section, 'A/list=multi-str:1', ' 2\n'.repeat(1_000_000));
    expect(continued.statements).toMatchObject([{ value: { length: 1_000_001 } }]);
    const many = Array.from({ length: 300_000 }, (_, n) => `A/k${n}=int:${n}`);
    expect(read(section, many.join('\n')).statements).toHaveLength(300_000);
  });
});

describe('a written answer file', () => {
  const written = formatConf(
    new Map<string, unknown>([
      ['A/list', ['a', 'b%', 'c d']],
      ['A/doubled', '50%% or 5%'],
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
        '# answers: 7',
        '[environment:default]',
        'A/list=multi-str:a',
        ' b%',
        ' c d',
        'A/doubled=str:50%%%% or 5%%',
        'A/text=str:100% "quoted" # x',
        'A/yes=bool:True',
        'A/no=bool:False',
        'A/number=int:-5',
        'A/nothing=none:None',
        '',
      ].join('\n'),
    );
  });

  /** What is wrong, or odd other than the percent signs in it. */
  const doubts = (text: string): readonly string[] => {
    const { problems, notes: odd } = readConf(text, 'a.conf');
    return [...problems, ...odd].map(({ message }) => inEnglish(message)).filter((one) => !one.includes('%%'));
  };

  test('is refused or warned of wherever it is cut off, and refused in the middle of a line', () => {
    expect(doubts(written)).toEqual([]);
    for (let length = 0; length < written.length; length++)
      expect(doubts(written.slice(0, length)), written.slice(0, length)).not.toEqual([]);
    const torn = written.slice(0, written.indexOf('100%'));
    expect(messages(torn)).toEqual(['a.conf:8: the file says that it holds 7 answers, but only 3 are here']);
  });

  test('can be edited: an answer more is nothing to speak of, one less is told', () => {
    expect(doubts(`${written}A/more=str:x\n`)).toEqual([]);
    const less = written.replace('A/yes=bool:True\n', '');
    expect(messages(less)).toEqual([]);
    expect(doubts(less)).toEqual([
      'a.conf:11: the file says that it holds 7 answers, but only 6 are here. If it was not cut off, correct the number',
    ]);
    expect(messages(`${written}A/more=str:x`)).toEqual([]);
    expect(doubts(`${written}A/more=str:x`)).toEqual([expect.stringContaining('a.conf:13: the last line has no end')]);
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

  test('gives back every text and list, or refuses to write it', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.array(anyText, { maxLength: 4 })), (value) => {
        let written: string;
        try {
          written = formatConf(new Map([['A/b', value]]));
        } catch (error) {
          const texts = typeof value === 'string' ? [value] : value;
          expect(
            texts.some((one) => !acceptable(one) || /^[#;]|^$/.test(one)),
            String(error),
          ).toBe(true);
          return;
        }
        expect(readConf(written, 'a.conf')).toMatchObject({ statements: [{ value }], problems: [] });
      }),
    );
  });

  test('says of each secret that it leaves out how to give it', () => {
    const text = formatConf(new Map([['A/b', 'x']]), ['A/password']);
    expect(text).toContain('\n# A/password is secret and not kept here; give it with --set-file=A/password=FILE\n');
    expect(readConf(text, 'a.conf')).toMatchObject({ statements: [{ key: 'A/b' }], problems: [], notes: [] });
  });

  test('cannot be made to say more by a line break inside of an answer', () => {
    expect(() => formatConf(new Map([['A/b', 'x\nA/c=str:y']]))).toThrow('line breaks');
    expect(() => formatConf(new Map([['A/b', ['x\nA/c=str:y']]]))).toThrow('line breaks');
    for (const key of ['A/b=str:x\nA/c', 'A b', 'A:b', '#A', ';A', '[A', '', ' A'])
      expect(() => formatConf(new Map([[key, 'x']])), key).toThrow('has no form');
    for (const value of [{ a: 1 }, 1.5, NaN, Infinity, 1e15, [1], 'x ', ['x', '']])
      expect(() => formatConf(new Map([['A/b', value]])), JSON.stringify(value)).toThrow(/form in|only/);
  });
});
