import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnswerFile, type CommandLineAnswer, readSources } from '../../../../src/setup/answers/sources.ts';
import { type Text, inEnglish } from '../../../../src/setup/kit/text.ts';

const file = (path: string, text: string, kept = false): AnswerFile => ({ path, text, kept });
const conf = (path: string, section: string, value: string, kept = false): AnswerFile =>
  file(path, `[environment:${section}]\nA/b=str:${value}\n`, kept);
const said = (pairs: Readonly<Record<string, unknown>>) => Object.entries(pairs).map(([key, value]) => ({ key, value, where: '--set' }));
const winner = async (files: readonly AnswerFile[], commandLine: Readonly<Record<string, unknown>> = {}) =>
  (await readSources(files, said(commandLine))).find('A/b');

describe('of several sources', () => {
  test('the strongest counts: enforce, override, init, the command line, default, the kept configuration', async () => {
    const all = [
      { files: [conf('enforce', 'enforce', 'enforce')] },
      { files: [conf('override', 'override', 'override')] },
      { files: [conf('init', 'init', 'init')] },
      { files: [], set: { 'A/b': 'command line' } },
      { files: [conf('default', 'default', 'default')] },
      { files: [conf('kept', 'default', 'kept', true)] },
    ];
    const names = ['enforce', 'override', 'init', 'command line', 'default', 'kept'];
    for (let from = 0; from < all.length; from++) {
      const rest = all.slice(from);
      const set = Object.assign({}, ...rest.map((one) => one.set ?? {})) as Record<string, string>;
      // Whatever the order of the files.
      for (const files of [rest.flatMap((one) => one.files), rest.flatMap((one) => one.files).reverse()])
        expect((await winner(files, set))?.raw).toBe(names[from]);
    }
  });

  test('the last file counts among equally strong ones', async () => {
    expect(await winner([conf('one', 'default', '1'), conf('two', 'default', '2')])).toMatchObject({
      raw: '2',
      origin: { where: 'two:2' },
    });
    expect((await winner([conf('one', 'enforce', '1'), conf('two', 'default', '2')]))?.raw).toBe('1');
  });

  test('the origin says kind and place', async () => {
    expect((await winner([conf('x', 'default', '1')]))?.origin).toEqual({ kind: 'given', where: 'x:2' });
    expect((await winner([conf('x', 'default', '1', true)]))?.origin).toEqual({ kind: 'kept', where: 'x:2' });
    expect((await winner([], { 'A/b': '1' }))?.origin).toEqual({ kind: 'given', where: '--set' });
  });

  test('an answer of "none" takes back what weaker places and earlier files say', async () => {
    const none = (path: string, section: string) => file(path, `[environment:${section}]\nA/b=none:None\n`);
    expect(await winner([none('x', 'enforce'), conf('y', 'default', '1')], { 'A/b': '2' })).toBeUndefined();
    expect(await winner([conf('x', 'default', '1'), none('y', 'default')])).toBeUndefined();
    expect(await winner([conf('x', 'default', '1', true), none('y', 'default')])).toBeUndefined();
    expect((await winner([none('x', 'default'), conf('y', 'default', '1')]))?.raw).toBe('1');
    expect((await winner([none('x', 'default')], { 'A/b': '2' }))?.raw).toBe('2');
  });

  test('the command line can say that there is no answer, whatever weaker sources say', async () => {
    expect(await winner([conf('x', 'default', '1'), conf('y', 'default', '2', true)], { 'A/b': undefined })).toBeUndefined();
    expect((await winner([conf('x', 'init', '1')], { 'A/b': undefined }))?.raw).toBe('1');
    expect((await readSources([conf('x', 'default', '1')], said({ 'A/b': undefined }))).keys()).toEqual([]);
  });

  test('the one that counts is found as in a simple model, whatever there is', async () => {
    const order = ['kept', 'default', 'command line', 'init', 'override', 'enforce'];
    const claim = fc.record({ key: fc.constantFrom('A/b', 'A/c'), rank: fc.constantFrom(...order), none: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(claim, { maxLength: 8 }), async (claims) => {
        const inFiles = claims.filter(({ rank }) => rank !== 'command line');
        const files = inFiles.map(({ key, rank, none }, at) =>
          file(`f${at}`, `[environment:${rank === 'kept' ? 'default' : rank}]\n${key}=${none ? 'none:None' : 'str:v'}\n`, rank === 'kept'),
        );
        const typed = claims
          .filter(({ rank }) => rank === 'command line')
          .map(({ key }, at) => ({ key, value: 'v', where: `option ${at}` }));
        const sources = await readSources(files, typed);
        for (const key of ['A/b', 'A/c']) {
          // The model: put all in their order, the strongest last; the last one counts, even if it says none.
          const rivals = [
            ...inFiles.map((one, at) => ({ ...one, where: `f${at}:2` })),
            ...typed.map((one) => ({ ...one, rank: 'command line', none: false })),
          ].filter((one) => one.key === key);
          const last = order.flatMap((rank) => rivals.filter((one) => one.rank === rank)).at(-1);
          expect(sources.find(key)?.origin.where).toBe(last?.none === true ? undefined : last?.where);
        }
      }),
    );
  });

  test('what is odd about the files is told with its place', async () => {
    const { notes } = await readSources([file('x', '[environment:default]\nA/b=str:5%%\nA/b=str:5%%')]);
    expect(notes.map(inEnglish)).toEqual([
      'x:2: A/b: %% is read as %, which needs no doubling here',
      'x:3: A/b: stands in line 2 already',
      'x:3: A/b: %% is read as %, which needs no doubling here',
      'x:3: the last line has no end. Is the file cut off here? If not, end it with a line break',
    ]);
  });

  test('a section that is not read is told, once for all that stands in it', async () => {
    const text = '[environment:defualt]\nA/b=str:x\nA/c=str:x\n[others]\nx=y\n[environment:default]\n';
    const { notes, keys } = await readSources([file('x', text)]);
    expect(keys()).toEqual([]);
    expect(notes.map(inEnglish)).toEqual([
      'x:1: the section [environment:defualt] is not read, and nothing in it has an effect; did you mean [environment:default]?',
      'x:4: the section [others] is not read, and nothing in it has an effect',
    ]);
  });

  test('files are read by their ending', async () => {
    expect((await winner([file('a.yaml', 'A: {b: 1}\n')]))?.raw).toBe(1);
    expect((await winner([file('a.yml', 'A/b: x\n')]))?.raw).toBe('x');
    expect((await winner([file('a.YAML', 'A/b: x\n')]))?.raw).toBe('x');
    expect(await winner([file('a.conf', 'A/b: x\n')])).toBeUndefined();
  });

  test('files of any bytes are read, or have flaws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('x.conf', 'x.yaml'), async (bytes, path) => {
        for (const text of [Buffer.from(bytes).toString('utf8'), `[environment:default]\nA/b=${Buffer.from(bytes).toString('latin1')}`]) {
          const { flaws, keys } = await readSources([file(path, text)]);
          expect(flaws === undefined || flaws.problems.length > 0).toBe(true);
          expect(keys().filter((key) => flaws?.hold(key))).toEqual([]);
        }
      }),
    );
  });
});

describe('what cannot be read', () => {
  const words = (problems: readonly { readonly message: Text }[] = []): readonly string[] =>
    problems.map(({ message }) => inEnglish(message));
  const section = (...lines: readonly string[]): string => ['[environment:default]', ...lines, ''].join('\n');
  const held = async (files: readonly AnswerFile[], ...commandLine: readonly CommandLineAnswer[]) => {
    const { find, flaws } = await readSources(files, commandLine);
    return (key: string): unknown => find(key)?.raw ?? (flaws?.hold(key) === true ? 'held' : undefined);
  };

  test('is told for all files together, and what can be read counts', async () => {
    const files = [
      file('1.conf', ''),
      file('2.yaml', '- x\n'),
      conf('3.conf', 'default', 'fine'),
      file('4.yaml', `A/c: ${'['.repeat(50_000)}\n`),
    ];
    const { flaws, find } = await readSources(files);
    expect(words(flaws?.problems).map((text) => text.split(':')[0])).toEqual(['1.conf', '2.yaml', '4.yaml']);
    expect(find('A/b')?.raw).toBe('fine');
    expect((await readSources([conf('x', 'default', 'fine')])).flaws).toBeUndefined();
  });

  test.each([
    ['a value of another form', 'A/b=int:abc'],
    ['a value without a type', 'A/b=x'],
    ['two different values', 'A/b=str:x\nA/b=str:y'],
    ['a line that is no statement', 'A/b str:x'],
    ['a statement that is swallowed by the one above it', 'A/x=bool:True\n A/b=bool:True'],
  ])('holds the answer to its key, and to no other: %s', async (_, lines) => {
    const found = await held([file('x.conf', section(lines, 'A/c=str:x'))]);
    expect(['A/b', 'A/c', 'A/d'].map(found)).toEqual(['held', 'x', undefined]);
  });

  test('counts as its strength and place say, as what can be read does', async () => {
    const flawed = (path: string, kept = false) => file(path, section('A/b=int:abc'), kept);
    expect((await held([flawed('x', true), conf('y', 'default', '1')]))('A/b')).toBe('1');
    expect((await held([flawed('x'), conf('y', 'default', '1')]))('A/b')).toBe('1');
    expect((await held([conf('x', 'default', '1'), flawed('y')]))('A/b')).toBe('held');
    expect((await held([conf('x', 'default', '1', true), flawed('y')]))('A/b')).toBe('held');
    expect((await held([flawed('x')], ...said({ 'A/b': '2' })))('A/b')).toBe('2');
  });

  test('may be a whole file: then no answer is known to be missing, which is said once', async () => {
    const unread = { id: 'answer-file', level: 'error', message: 'none cannot be read' } as const;
    const files = [{ ...file('none', ''), unread }, file('binary', 'a\0b'), conf('fine', 'default', 'x')];
    const { flaws } = await readSources(files);
    expect(words(flaws?.problems)).toEqual(['none cannot be read', 'binary:1: this is not a text file in UTF-8']);
    expect(words(flaws?.unjudged === undefined ? [] : [flaws.unjudged])).toEqual([
      'Which answers are missing cannot be told, because not all of none, binary could be read',
    ]);
    expect(['A/b', 'A/c'].map(await held(files))).toEqual(['x', 'held']);
    expect((await readSources([file('x', section('A/b=x'))])).flaws?.unjudged).toBeUndefined();
    expect((await readSources([file('empty.yaml', '')])).flaws?.unjudged).toBeUndefined();
  });

  test('of YAML begins at the first error of form', async () => {
    const files = [file('x.yaml', 'A:\n  b: x\n  c: "y\n  d: z\n')];
    expect(['A/b', 'A/c', 'A/d', 'A/e'].map(await held(files))).toEqual(['x', 'held', 'held', 'held']);
    const twice = [file('x.yaml', 'A/b: x\nA/b: y\nA/c: [[1]]\nA/d: z\n')];
    expect(['A/b', 'A/c', 'A/d', 'A/e'].map(await held(twice))).toEqual(['held', 'held', 'z', undefined]);
  });

  test('of the command line is told with the flaws of files', async () => {
    const flaw = { id: 'A/b', level: 'error', message: 'A/b (--set-file): it is not there' } as const;
    const commandLine = [{ key: 'A/b', value: undefined, where: '--set-file', flaw }];
    const files = [file('x', section('A/c=x'))];
    expect(words((await readSources(files, commandLine)).flaws?.problems)).toEqual([
      expect.stringContaining('x:2: A/c: '),
      'A/b (--set-file): it is not there',
    ]);
    expect((await held(files, ...commandLine))('A/b')).toBe('held');
  });

  test('does not flood the screen where everything in a file is wrong', async () => {
    const { flaws } = await readSources([file('x', section(...Array<string>(5000).fill('junk')))]);
    expect(flaws?.problems).toHaveLength(101);
    expect(words(flaws?.problems).at(-1)).toBe('x: 901 more problems');
  });
});
