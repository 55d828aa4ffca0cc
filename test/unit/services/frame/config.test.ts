import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Assignment, parseConf } from '../../../../src/services/frame/conf-parser.ts';
import { ConfigError, createConfig, loadConfig } from '../../../../src/services/frame/config.ts';

function parse(text: string): { values: Record<string, string>; problems: string[] } {
  const values = new Map<string, Assignment>();
  const problems = parseConf(text, 'x.conf', values);
  return { values: Object.fromEntries([...values].map(([key, { value }]) => [key, value])), problems };
}

describe('the configuration dialect', () => {
  it.each([
    ['A=b', 'b'],
    ['A="b c"', 'b c'],
    ['A=b"c d"e', 'bc de'],
    ['A=b c', 'b'],
    ['A=b#c', 'b'],
    ['A="b#c" # comment', 'b#c'],
    ['A=b\\ c', 'b c'],
    ['A="\\"\\\\\\$"', '"\\$'],
    ['A=', ''],
    ['A=""\r', ''],
    ['B=1\nA="${B}${NONE}2"', '12'],
    ['A=1\nA=${A}2', '12'],
    ['# A=2\n\n  \nA=1', '1'],
  ])('reads %j as %j', (text, value) => {
    expect(parse(text)).toMatchObject({ values: { A: value }, problems: [] });
  });

  it.each([
    ['A =1', 'KEY=VALUE'],
    ['A', 'KEY=VALUE'],
    ['=1', 'KEY=VALUE'],
    ['A-B=1', 'KEY=VALUE'],
    ['A="1', 'a quote is not closed'],
    ['A=1\\', 'nothing follows the last backslash'],
    ['A=$B', 'dollar sign'],
    ['A=${B', 'dollar sign'],
    ['A=${}', 'dollar sign'],
    ['A="\0"', 'NUL'],
  ])('refuses %j with its line', (text, words) => {
    const { problems } = parse(`X=1\n${text}`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^x\.conf:2: /);
    expect(problems[0]).toContain(words);
  });

  it('reports all problems together and never shows a value', () => {
    const { problems } = parse('PASSWORD="secret\nOTHER=$secret\nFINE=1');
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('secret');
  });

  it('refuses values that double themselves without end', () => {
    const doubling = Array.from({ length: 64 }, () => 'A=${A}${A}').join('\n');
    expect(parse(`A=1234567890\n${doubling}`).problems.join()).toContain('longer than');
  });

  it('treats names of object properties as ordinary keys', () => {
    const values = new Map<string, Assignment>();
    expect(parseConf('__proto__=1\nconstructor=${toString}', 'x', values)).toEqual([]);
    expect(values.get('__proto__')?.value).toBe('1');
    expect(values.get('constructor')?.value).toBe('');
  });

  it('neither throws nor hangs on any text', () => {
    const piece = fc.constantFrom('A', '=', '"', '\\', '$', '${', '${A}', '}', '#', ' ', '\n', '\r', '\0', '\u2028', 'é', '\ud800');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          for (const problem of parse(text).problems) expect(problem).toMatch(/^x\.conf:\d+: /);
        },
      ),
    );
  });

  it('reads back any value that was quoted and escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        fc.pre(!/[\n\0]/.test(value));
        expect(parse(`A="${value.replace(/["\\$]/g, '\\$&')}"`)).toEqual({ values: { A: value }, problems: [] });
      }),
    );
  });
});

describe('loading a configuration', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
    return file;
  };

  it('lets later files win: defaults, the main file, then its folder in the order of names', async () => {
    const defaults = await write('defaults', 'A=default\nB=default\nC=default\nD=default');
    const main = await write('engine.conf', 'B=main\nC=main\nD=main');
    await write('engine.conf.d/20-b.conf', 'D=twenty');
    await write('engine.conf.d/10-a.conf', 'C=ten\nD=ten');
    await write('engine.conf.d/30-c.conf.rpmsave', 'A=ignored');
    const config = await loadConfig(main, defaults);
    expect(['A', 'B', 'C', 'D'].map((key) => config.text(key))).toEqual(['default', 'main', 'ten', 'twenty']);
  });

  it('does without main file and folder', async () => {
    const config = await loadConfig(join(folder, 'none.conf'), await write('defaults', 'A=1'));
    expect(config.text('A')).toBe('1');
  });

  it('reports the problems of all files at once', async () => {
    const main = await write('engine.conf', 'bad line');
    await write('engine.conf.d/a.conf', 'X=1\nY="');
    await write('engine.conf.d/b.conf/inner', '');
    const failure = await loadConfig(main, await write('defaults', '')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as ConfigError).problems).toEqual([
      expect.stringContaining(`${main}:1: `),
      expect.stringContaining(`${main}.d/a.conf:2: Y: `),
      expect.stringContaining(`${main}.d/b.conf: cannot be read`),
    ]);
  });
});

describe('typed values', () => {
  const config = createConfig(
    new Map(
      Object.entries({
        ...{ PORT: '443', HIGH: '65536', WORD: 'None', YES: 'True', ODD: 'on', EMPTY: '' },
        ...{ LIST: ' a, b\tc,,', PATH: '/a/b', FOLDER: '/a/', ANY: '*' },
      }).map(([key, value]) => [key, { value, place: 'a.conf:7' }]),
    ),
    '/etc/engine.conf',
  );

  it('reads ports and booleans', () => {
    expect(config.port('PORT')).toBe(443);
    expect([config.yesNo('YES'), config.yesNo('ODD'), config.yesNo('MISSING')]).toEqual([true, false, false]);
    expect([config.optionalText('EMPTY'), config.optionalText('MISSING')]).toEqual([null, null]);
  });

  it('reads words, choices, paths and addresses', () => {
    expect([config.words('LIST'), config.words('EMPTY'), config.words('MISSING')]).toEqual([['a', 'b', 'c'], [], []]);
    expect(config.choice('WORD', ['Some', 'None'])).toBe('None');
    expect(config.path('PATH')).toBe('/a/b');
    expect([config.address('ANY'), config.address('WORD')]).toEqual([null, 'None']);
  });

  it('names key and place of what does not fit', () => {
    expect(() => config.port('HIGH')).toThrow('a.conf:7: HIGH must be a whole number from 1 to 65535');
    expect(() => config.port('WORD')).toThrow('a.conf:7: WORD must be');
    expect(() => config.words('LIST', (word) => (word === 'b' ? 'must not have b' : null))).toThrow('a.conf:7: LIST must not have b');
    expect(() => config.choice('WORD', ['Some', 'Any'])).toThrow('a.conf:7: WORD must be Some or Any');
    for (const key of ['FOLDER', 'WORD', 'ANY']) expect(() => config.path(key)).toThrow(`a.conf:7: ${key} must be a path from the root`);
    expect(() => config.address('MISSING')).toThrow('/etc/engine.conf: MISSING must have a value');
    expect(() => config.text('EMPTY')).toThrow('a.conf:7: EMPTY must have a value');
    expect(() => config.text('MISSING')).toThrow('/etc/engine.conf: MISSING must have a value');
  });
});
