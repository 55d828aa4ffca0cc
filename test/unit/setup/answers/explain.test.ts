import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Explanation, explain as explainTexts } from '../../../../src/setup/answers/explain.ts';
import { explanationText } from '../../../../src/setup/answers/explain-text.ts';
import { documentText } from '../../../../src/setup/cli/document.ts';
import { choice, decision, port, setting, text, yesNo } from '../../../../src/setup/kit/index.ts';

/** As programs read it: in English. */
const explain = async (...of: Parameters<typeof explainTexts>): Promise<readonly Explanation[]> =>
  JSON.parse(documentText(await explainTexts(...of))) as readonly Explanation[];

const about = 'A setting.';
const section = 'misc';
const settings = [
  setting({ key: 'A/name', section, kind: text, about, ask: { name: 'NAME', text: 'Name' } }),
  setting({ key: 'A/port', section, kind: port, about }),
  setting({ key: 'A/on', section, kind: yesNo, about, ask: { name: 'ON', text: 'On?' } }),
  setting({ key: 'A/how', section, kind: decision('Automatic', 'Manual'), about, ask: { name: 'HOW', text: 'How?' } }),
  setting({ key: 'A/mode', section, kind: choice('Virt', 'Both', 'All'), about, ask: { name: 'MODE', text: 'Mode' } }),
  setting({ key: 'A/stop', formerly: ['OLD/stop'], section, kind: yesNo, about }),
  setting({ key: 'A/word', section, kind: text, about, secret: true, ask: { name: 'WORD', text: 'Word', confirm: 'Again' } }),
];
const conf = (path: string, ...lines: readonly string[]) => ({ path, text: `[environment:default]\n${lines.join('\n')}\n`, kept: false });
const of = (...lines: readonly string[]) => explain([conf('f', ...lines)], settings);
/** Without the place, for one line. */
const one = async (line: string) => {
  const found = await of(line);
  expect(found).toHaveLength(1);
  const { file: _file, line: _line, ...rest } = found[0]!;
  return rest;
};

describe('a statement', () => {
  test.each([
    ['A/name=str:x', { key: 'A/name', status: 'used', value: 'x' }],
    ['A/on=bool:True', { key: 'A/on', status: 'used', value: 'Yes' }],
    ['A/how=bool:False', { key: 'A/how', status: 'used', value: 'Manual' }],
    ['A/word=str:geheim', { key: 'A/word', status: 'used', value: '(hidden)' }],
    ['A/name=none:None', { key: 'A/name', status: 'used', reason: 'none counts as not given' }],
    ['OLD/stop=bool:True', { key: 'OLD/stop', status: 'renamed', setting: 'A/stop', value: 'Yes' }],
    ['OLD/stop=none:None', { key: 'OLD/stop', status: 'renamed', setting: 'A/stop', reason: 'none counts as not given' }],
    ['OVESETUP_AIO/x=str:y', { key: 'OVESETUP_AIO/x', status: 'no-effect', reason: 'The all-in-one installation was removed in 4.0.' }],
    ['A/nane=str:x', { key: 'A/nane', status: 'unknown', nearest: 'A/name' }],
    ['NOTHING/likeIt=str:x', { key: 'NOTHING/likeIt', status: 'unknown' }],
    [
      'A/port=int:0',
      {
        key: 'A/port',
        status: 'bad-value',
        expected: 'a whole number from 1 to 65535 is expected',
        original: 'keeps it as it stands, unchecked',
      },
    ],
    [
      'A/name=int:5',
      { key: 'A/name', status: 'bad-value', expected: 'text is expected, not a number', original: 'keeps it as it stands, unchecked' },
    ],
    [
      'A/mode=str:none',
      { key: 'A/mode', status: 'bad-value', expected: 'Virt, Both or All is expected', original: 'keeps it as it stands, unchecked' },
    ],
    ['QUESTION/1/NAME=str:x', { key: 'QUESTION/1/NAME', status: 'used', setting: 'A/name', value: 'x' }],
    ['QUESTION/1/NAME=str:', { key: 'QUESTION/1/NAME', status: 'used', setting: 'A/name', reason: 'takes the default' }],
    ['QUESTION/1/MODE=str:both', { key: 'QUESTION/1/MODE', status: 'used', setting: 'A/mode', value: 'Both' }],
    ['QUESTION/1/ON=str:no', { key: 'QUESTION/1/ON', status: 'used', setting: 'A/on', value: 'No' }],
    [
      'QUESTION/1/ISO_DOMAIN_NAME=str:iso',
      { status: 'no-effect', key: 'QUESTION/1/ISO_DOMAIN_NAME', reason: expect.stringContaining('ISO domain') },
    ],
    ['QUESTION/1/NANE=str:x', { key: 'QUESTION/1/NANE', status: 'unknown', nearest: 'QUESTION/1/NAME' }],
    ['QUESTION/1/OVESETUP_CORE_ENGINE_STOP=str:ok', { key: 'QUESTION/1/OVESETUP_CORE_ENGINE_STOP', status: 'used', value: 'OK' }],
    ['cut off', { key: '', status: 'bad-value', reason: 'is neither a section nor KEY=type:value' }],
    [
      'A/name=x',
      {
        key: 'A/name',
        status: 'bad-value',
        reason: expect.stringContaining('a value starts with its type'),
        expected: expect.stringContaining('a value starts with its type'),
        original: 'refuses the whole file',
      },
    ],
  ])('%s is explained', async (line, wanted) => {
    expect(await one(line)).toEqual(wanted);
  });

  test.each([
    ["A/on=bool:'False'", 'bad-value', undefined, 'takes it for True'],
    ['A/on=bool:maybe', 'bad-value', undefined, 'takes it for True'],
    ['A/on=bool:no', 'used', 'No', 'takes it for True'],
    ['A/on=str:no', 'used', 'No', 'takes it for True'],
    ['A/on=str:yes', 'used', 'Yes', undefined],
    ['A/on=int:0', 'used', 'No', undefined],
    ['A/port=str:5432', 'used', '5432', 'keeps it as it stands, unchecked'],
    ['A/mode=str:Both', 'used', 'Both', 'keeps it as it stands, unchecked'],
    ['A/mode=str:both', 'used', 'Both', undefined],
    ['A/name=str:100%', 'used', '100%', 'up to 4.3 refuses the whole file, or puts another value in place of %(name)s'],
    ['QUESTION/1/ON=str:No', 'used', 'No', 'takes it for Yes'],
    ['QUESTION/1/ON=bool:False', 'used', 'No', 'takes it for Yes'],
    ['QUESTION/1/ON=str:maybe', 'bad-value', undefined, 'takes it for Yes'],
    ['QUESTION/1/ON=str:yes', 'used', 'Yes', undefined],
    ['QUESTION/1/HOW=str:manual', 'used', 'Manual', undefined],
    ['QUESTION/1/HOW=str:Manual', 'used', 'Manual', 'takes it for Automatic'],
    ['QUESTION/1/MODE=str:Both', 'used', 'Both', 'keeps it as it stands, unchecked'],
  ])('%s: %s, and the original may see it otherwise', async (line, status, value, original) => {
    expect(await one(line)).toMatchObject({ status, ...(value === undefined ? {} : { value }) });
    expect((await one(line)).original).toBe(original);
  });

  test('in YAML has its column, and nothing to do with the original, which reads none', async () => {
    expect(await explain([{ path: 'f.yaml', text: 'A:\n  port: "5432"\n  on: maybe\n', kept: false }], settings)).toEqual([
      { file: 'f.yaml', line: 2, column: 3, key: 'A/port', status: 'used', value: '5432' },
      { file: 'f.yaml', line: 3, column: 3, key: 'A/on', status: 'bad-value', expected: 'Yes or No is expected' },
    ]);
  });

  test.each([
    ['environment:defualt', '[environment:default]', undefined],
    ['environment:Enforce', '[environment:enforce]', undefined],
    [' environment:init ', '[environment:init]', undefined],
    ['DEFAULT', '[environment:default]', 'reads it as a part of every section'],
    ['answers', undefined, undefined],
  ])('under the title [%s] has no effect', async (title, nearest, original) => {
    expect(await explain([{ path: 'f', text: `[${title}]\nA/word=str:x\n`, kept: false }], settings)).toEqual([
      {
        file: 'f',
        line: 2,
        key: 'A/word',
        status: 'no-effect',
        reason: `The section [${title}] is not read: answers stand in [environment:default], or in one of init, override and enforce.`,
        ...(nearest === undefined ? {} : { nearest }),
        ...(original === undefined ? {} : { original }),
      },
    ]);
  });

  test('of a connection is tested by the original', async () => {
    const known = [setting({ key: 'OVESETUP_DWH_DB/port', section, kind: port, about })];
    const [found] = await explain([conf('f', 'OVESETUP_DWH_DB/port=int:0')], known);
    expect(found).toMatchObject({ status: 'bad-value', original: 'keeps it as it stands, and tries to connect with it' });
  });

  test('with a secret that is a number is refused, since 0123 would be 123', async () => {
    const text = 'A/word: 0123\nQUESTION/1/WORD: 0123456\nQUESTION/2/WORD: true\nQUESTION/3/WORD: "0123"\n';
    const found = await explain([{ path: 'f.yaml', text, kept: false }], settings);
    expect(found.map(({ status }) => status)).toEqual(['bad-value', 'bad-value', 'bad-value', 'used']);
    expect(found[1]).toMatchObject({ line: 2, setting: 'A/word', expected: expect.stringContaining('put it in quotes') });
    expect(JSON.stringify(found)).not.toContain('123');
    expect((await one('QUESTION/1/WORD=int:0123')).status).toBe('bad-value');
  });

  test('replies to the findings that can be accepted, and to no others', async () => {
    expect(await one('QUESTION/1/disk-space=str:yes')).toMatchObject({ status: 'used', value: 'Yes' });
    for (const id of ['unsupported-host', 'database-lost', 'https-port', 'host-name'])
      expect(await one(`QUESTION/1/${id}=str:yes`), id).toMatchObject({
        status: 'no-effect',
        reason: 'What this check finds cannot be accepted, so nothing is asked.',
      });
  });

  test('is shown with the beginning of a long value', async () => {
    expect((await one(`A/name=str:${'x'.repeat(5_000_000)}`)).value).toBe(`${'x'.repeat(200)}…`);
  });

  test('says in which turn of a question it is used', async () => {
    const reasons = (await of(...[1, 2, 3, 4].map((turn) => `QUESTION/${turn}/WORD=str:x`), 'QUESTION/2/NAME=str:x')).map(
      ({ reason }) => reason,
    );
    expect(reasons).toEqual([
      undefined,
      'confirms the first entry',
      'is used if the two entries before it do not match',
      'is used if the two entries before it do not match',
      'is used if the question is asked 2 times',
    ]);
  });

  test('of a secret is shown nowhere, whatever is wrong with it', async () => {
    const canary = 'geheim42';
    const lines = [
      `A/word=str:${canary}`,
      `A/word=str:${canary}2`,
      `QUESTION/1/WORD=str:${canary}\u0001`,
      `QUESTION/2/WORD=bool:${canary}`,
      `OVESETUP_AIO/rootPassword=str:${canary}`,
      `X/password=str:${canary}`,
    ];
    expect(JSON.stringify(await of(...lines))).not.toContain(canary);
  });
});

describe('several statements', () => {
  const overridden = async (...files: ReturnType<typeof conf>[]) =>
    (await explain(files, settings)).map(({ file, line, overridden: by }) => `${file}:${line} ${by ?? 'counts'}`);

  test('say which one counts: the last file, or the stronger section', async () => {
    expect(await overridden(conf('1', 'A/name=str:x'), conf('2', 'A/name=str:y'))).toEqual(['1:2 2:2', '2:2 counts']);
    expect(await overridden(conf('1', '[environment:enforce]', 'A/name=str:x'), conf('2', 'A/name=str:y'))).toEqual([
      '1:3 counts',
      '2:2 1:3',
    ]);
    expect(await overridden(conf('1', 'A/name=str:x'), conf('2', 'A/name=none:None'))).toEqual(['1:2 2:2', '2:2 counts']);
    expect(await overridden(conf('1', '[environment:enforce]', 'A/name=none:None'), conf('2', 'A/name=str:y'))).toEqual([
      '1:3 counts',
      '2:2 1:3',
    ]);
    expect(await overridden(conf('1', 'A/stop=none:None'), conf('2', 'OLD/stop=bool:True'))).toEqual(['1:2 counts', '2:2 counts']);
  });

  test('say that the own key of a setting counts before a former one and before replies', async () => {
    expect(await overridden(conf('1', 'A/stop=bool:True', 'OLD/stop=bool:True'))).toEqual(['1:2 counts', '1:3 1:2']);
    expect(await overridden(conf('1', 'QUESTION/1/NAME=str:x', 'A/name=str:y'))).toEqual(['1:2 1:3', '1:3 counts']);
    expect(await overridden(conf('1', 'QUESTION/1/NAME=str:x', 'A/name=none:None'))).toEqual(['1:2 counts', '1:3 counts']);
  });

  test('that are equal do not stand in each other’s way; those that differ are refused', async () => {
    expect(await of('A/name=str:x', 'A/name=str:x')).toMatchObject([
      { line: 2, status: 'used' },
      { line: 3, status: 'used', note: 'stands in line 2 already', original: 'refuses the whole file' },
    ]);
    expect(await of('A/name=str:x', 'A/name=str:y')).toMatchObject([
      { line: 2, status: 'used' },
      { line: 3, key: 'A/name', status: 'bad-value', reason: 'stands here and, with another value, in line 2' },
    ]);
  });

  test('stand in their order, those that cannot be read among them', async () => {
    const found = await of('A/name=str:x', 'junk', 'A/port=bool:x', 'A/on=bool:True');
    expect(found.map(({ line, status }) => [line, status])).toEqual([
      [2, 'used'],
      [3, 'bad-value'],
      [4, 'bad-value'],
      [5, 'used'],
    ]);
  });

  test('that cannot be read are named up to a number', async () => {
    for (const [path, junk] of [
      ['f', 'junk\n'],
      ['f.yaml', 'A: [[[}}\n'],
    ] as const) {
      const found = await explain([{ path, text: `[environment:default]\n${junk.repeat(500)}`, kept: false }], settings);
      expect(found.length, path).toBeLessThanOrEqual(101);
      expect(found.at(-1)?.reason, path).toMatch(/^\d+ more problems$/);
    }
  });

  test('of any content are explained', async () => {
    const anything = fc.string({
      unit: fc.constantFrom('A/on', 'QUESTION/1/ON', '=', ':', '\n', ' ', 'bool:', 'str:', 'no', '%', '[environment:init]', '#'),
    });
    await fc.assert(
      fc.asyncProperty(anything, fc.constantFrom('f.conf', 'f.yaml'), async (content, path) => {
        for (const entry of await explain([{ path, text: content, kept: false }], settings)) expect(entry.file).toBe(path);
      }),
    );
  });

  test('by the thousand are explained, although none of them is known', { timeout: 20_000 }, async () => {
    expect(await of(...Array.from({ length: 10_000 }, (_, n) => `OVESETUP_CONFIG/someLongName${n}=str:x`))).toHaveLength(10_000);
  });
});

test('as a text, each statement has one aligned line, and the last line sums up', async () => {
  const all = await explainTexts(
    [
      conf(
        'a.conf',
        'A/name=str:x',
        'OLD/stop=bool:no',
        'A/nane=str:y',
        'OVESETUP_AIO/x=str:y',
        ...Array<string>(5).fill(''),
        'A/port=int:0',
      ),
    ],
    settings,
  );
  expect(explanationText(all, () => undefined)).toBe(
    [
      'a.conf:2   used       A/name = x',
      'a.conf:3   renamed    OLD/stop = No  (counts for A/stop; the original takes it for True)',
      'a.conf:4   unknown    A/nane  (did you mean A/name?)',
      'a.conf:5   no effect  OVESETUP_AIO/x  (The all-in-one installation was removed in 4.0)',
      'a.conf:11  bad value  A/port  (a whole number from 1 to 65535 is expected; the original keeps it as it stands, unchecked)',
      '5 statements: 1 used, 1 renamed, 1 no effect, 1 unknown, 1 bad value. Values are judged by their form; engine-setup plan tells whether they fit the host',
      '',
    ].join('\n'),
  );
});
