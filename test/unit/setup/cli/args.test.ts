import { describe, expect, test } from 'vitest';
import { commands, options, readArguments } from '../../../../src/setup/cli/args.ts';
import { exitCodeOf, exitCodes } from '../../../../src/setup/cli/exit-codes.ts';
import { helpText } from '../../../../src/setup/cli/help.ts';
import { type ErrorCode, SetupError } from '../../../../src/setup/kit/errors.ts';

const refusal = (...argv: readonly string[]): string => {
  try {
    readArguments(argv);
  } catch (error) {
    expect(error).toBeInstanceOf(SetupError);
    expect(error).toMatchObject({ code: 'usage', remedy: 'See engine-setup --help.' });
    return (error as SetupError).message;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
};

describe('the command line', () => {
  test('that says nothing means setup, with nothing given', () => {
    expect(readArguments([])).toEqual({
      command: 'setup',
      words: [],
      help: false,
      version: false,
      root: undefined,
      configAppend: [],
      set: new Map(),
      generateAnswer: undefined,
      log: undefined,
      dialog: undefined,
      yes: false,
      allow: new Set(),
      acceptDefaults: false,
      json: false,
    });
  });

  test('is read with every option, before or behind the command', () => {
    const all = [
      '--root=/r',
      '--config-append=a.conf',
      '--config-append',
      'b.yaml',
      '--set=A/b=c=d',
      '--set',
      'A/e=',
      '--generate-answer=g',
      '--log=l',
    ];
    const rest = ['--dialog=lines', '--accept-defaults', '--allow=x', '--allow=y', '--yes', '--json', '--help', '--version'];
    const wanted = {
      command: 'plan',
      words: [],
      help: true,
      version: true,
      root: '/r',
      configAppend: ['a.conf', 'b.yaml'],
      set: new Map([
        ['A/b', 'c=d'],
        ['A/e', ''],
      ]),
      generateAnswer: 'g',
      log: 'l',
      dialog: 'lines',
      yes: true,
      allow: new Set(['x', 'y']),
      acceptDefaults: true,
      json: true,
    };
    expect(readArguments([...all, 'plan', ...rest])).toEqual(wanted);
    expect(readArguments(['plan', ...all, ...rest])).toEqual(wanted);
  });

  test('takes an answer with everything behind the first equals sign, line breaks included; the last one counts', () => {
    expect(readArguments(['--set', 'A/b=1', '--set', 'A/b=2\n3=4']).set).toEqual(new Map([['A/b', '2\n3=4']]));
  });

  test.each([['A/b'], ['=x'], ['']])('does not take %j for an answer', (text) => {
    expect(refusal('--set', text)).toContain('--set wants KEY=VALUE');
  });

  test.each([
    [['--no-such'], "Unknown option '--no-such'"],
    [['-y'], "Unknown option '-y'"],
    [['--yes=no'], "Option '--yes' does not take an argument"],
    [['--root'], "Option '--root <value>' argument missing"],
    [['--root', '--yes'], "Option '--root' argument is ambiguous"],
    [['--dialog=gtk'], '--dialog knows lines, not gtk'],
    [['install'], 'install is not a command'],
    [['toString'], 'toString is not a command'],
    [['__proto__'], '__proto__ is not a command'],
    [['constructor', '--root=/x'], 'constructor is not a command'],
    [['plan', 'more', 'words'], 'more words: plan takes no further words'],
  ])('%j is refused in one sentence', (argv, message) => {
    expect(refusal(...argv)).toBe(message);
  });

  test('lets only sandbox take words', () => {
    expect(readArguments(['sandbox', 'start']).words).toEqual(['start']);
    for (const command of Object.keys(commands).filter((name) => name !== 'sandbox'))
      expect(refusal(command, 'start')).toContain('takes no further words');
  });
});

describe('the help', () => {
  const help = helpText();

  test('lists every command, every option and every exit code, each on a line with its meaning', () => {
    const rows = help.split('\n').map((line) => /^ {2}(\S+) +(.*)$/.exec(line)?.slice(1, 3));
    for (const row of Object.entries(commands)) expect(rows).toContainEqual(row);
    for (const [name, option] of Object.entries(options))
      expect(rows).toContainEqual([`--${name}${'value' in option ? `=${option.value}` : ''}`, option.about]);
    for (const { code, meaning } of exitCodes) expect(rows).toContainEqual([String(code), meaning]);
  });

  test('fits a terminal of 120 columns', () => {
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });
});

describe('exit codes', () => {
  test('are 0 to 7, each with one meaning', () => {
    expect(exitCodes.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(exitCodes.map(({ meaning }) => meaning)).size).toBe(8);
  });

  test.each<[ErrorCode, number]>([
    ['usage', 2],
    ['refused', 4],
    ['cancelled', 5],
    ['busy', 7],
    ['failed', 1],
    ['interrupted', 1],
  ])('of an error %s is %i', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});
