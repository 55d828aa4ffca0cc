import { describe, expect, test } from 'vitest';
import { type AnswerFile, readSources, unknownKeys } from '../../../../src/setup/answers/sources.ts';
import { SetupError } from '../../../../src/setup/kit/errors.ts';

const file = (path: string, text: string, kept = false): AnswerFile => ({ path, text, kept });
const conf = (path: string, section: string, value: string, kept = false): AnswerFile =>
  file(path, `[environment:${section}]\nA/b=str:${value}\n`, kept);
const winner = async (files: readonly AnswerFile[], commandLine: Readonly<Record<string, string>> = {}) =>
  (await readSources(files, new Map(Object.entries(commandLine)))).find('A/b');

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

  test('an answer of "none" counts as not given', async () => {
    const none = file('x', '[environment:enforce]\nA/b=none:None\n');
    expect((await winner([none, conf('y', 'default', '1')]))?.raw).toBe('1');
    expect(await winner([none])).toBeUndefined();
  });

  test('files are read by their ending', async () => {
    expect((await winner([file('a.yaml', 'A: {b: 1}\n')]))?.raw).toBe(1);
    expect((await winner([file('a.yml', 'A/b: x\n')]))?.raw).toBe('x');
    await expect(winner([file('a.conf', 'A/b: x\n')])).rejects.toThrow('An answer file cannot be used');
  });

  test('all problems of all files are reported together, before any answer counts', async () => {
    const files = [
      file('1.conf', ''),
      file('2.yaml', '- x\n'),
      conf('3.conf', 'default', 'fine'),
      file('4.yaml', `A/b: ${'['.repeat(50_000)}\n`),
    ];
    const error: unknown = await readSources(files, new Map()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SetupError);
    const { code, problems } = error as SetupError;
    expect(code).toBe('refused');
    expect(problems.map(({ message }) => message.split(':')[0])).toEqual(expect.arrayContaining(['1.conf', '2.yaml', '4.yaml']));
    expect(problems.some(({ message }) => message.startsWith('3.conf'))).toBe(false);
  });
});

describe('unknown keys', () => {
  const known = new Set(['OVESETUP_CONFIG/fqdn', 'OVESETUP_DB/port', 'OVESETUP_DB/password']);
  const unknown = async (...keys: readonly string[]) =>
    unknownKeys(await readSources([file('x', `[environment:default]\n${keys.map((key) => `${key}=str:v\n`).join('')}`)], new Map()), known);

  test('are named with their place and the nearest known one', async () => {
    expect(await unknown('OVESETUP_CONFIG/fqnd', 'ovesetup_db/PORT')).toEqual([
      'x:2: OVESETUP_CONFIG/fqnd is not known and has no effect; did you mean OVESETUP_CONFIG/fqdn?',
      'x:3: ovesetup_db/PORT is not known and has no effect; did you mean OVESETUP_DB/port?',
    ]);
  });

  test('have no hint where nothing is near', async () => {
    expect(await unknown('SOMETHING/elseEntirely')).toEqual(['x:2: SOMETHING/elseEntirely is not known and has no effect']);
  });

  test('do not include answers to single questions, our own notes and known keys', async () => {
    expect(await unknown('QUESTION/1/ANY', 'OVESETUP_CORE/generatedByVersion', 'OVESETUP_DB/password')).toEqual([]);
  });
});
