import { describe, expect, test } from 'vitest';
import { readArguments } from '../../../../src/setup/cli/args.ts';
import { exitCodeOf, exitCodes } from '../../../../src/setup/cli/exit-codes.ts';
import { helpText } from '../../../../src/setup/cli/help.ts';
import { commands, optionGroups, options } from '../../../../src/setup/cli/options.ts';
import { type ErrorCode, SetupError } from '../../../../src/setup/kit/errors.ts';
import { inEnglish } from '../../../../src/setup/kit/text.ts';

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

const nothing = readArguments([]);

describe('the command line', () => {
  test('that says nothing means setup, with nothing given', () => {
    expect(nothing).toEqual({
      command: 'setup',
      words: [],
      help: false,
      version: false,
      root: undefined,
      offline: false,
      reconfigureOptional: false,
      reconfigureDwhScale: false,
      jbossHome: undefined,
      config: [],
      configAppend: [],
      set: [],
      setFile: [],
      setFd: [],
      otopiEnvironment: undefined,
      acceptDefaults: false,
      allow: new Set(),
      yes: false,
      generateAnswer: undefined,
      withSecrets: false,
      dialog: undefined,
      noInput: false,
      events: false,
      eventsFd: undefined,
      log: undefined,
      json: false,
      to: undefined,
      output: undefined,
      certificate: undefined,
      key: undefined,
      chain: undefined,
      keyPasswordFile: undefined,
      ours: false,
    });
  });

  const whole: readonly (readonly [argv: readonly string[], read: object])[] = [
    [['--root=/r'], { root: '/r' }],
    [['--offline'], { offline: true }],
    [['--reconfigure-optional-components'], { reconfigureOptional: true }],
    [['--reconfigure-dwh-scale'], { reconfigureDwhScale: true }],
    [['--jboss-home=/j'], { jbossHome: '/j' }],
    [['--config=a', '--config', 'b'], { config: ['a', 'b'] }],
    [['--config-append=a.conf', '--config-append', 'b.yaml'], { configAppend: ['a.conf', 'b.yaml'] }],
    [
      ['--set=A/b=c=d', '--set', 'A/e='],
      {
        set: [
          { key: 'A/b', value: 'c=d' },
          { key: 'A/e', value: '' },
        ],
      },
    ],
    [['--set=A/b=2\n3=4'], { set: [{ key: 'A/b', value: '2\n3=4' }] }],
    [['--set-file=A/b=/x=y'], { setFile: [{ key: 'A/b', value: '/x=y' }] }],
    [['--set-fd=A/b=3'], { setFd: [{ key: 'A/b', value: '3' }] }],
    [['--otopi-environment=A/b=str:x', '--otopi-environment=C/d=int:1'], { otopiEnvironment: 'C/d=int:1' }],
    [['--otopi-environment='], { otopiEnvironment: '' }],
    [['--accept-defaults'], { acceptDefaults: true }],
    [['--allow=x,y', '--allow', 'z'], { allow: new Set(['x', 'y', 'z']) }],
    [['--yes'], { yes: true }],
    [['--generate-answer=g', '--with-secrets'], { generateAnswer: 'g', withSecrets: true }],
    [['--dialog=lines'], { dialog: 'lines' }],
    [['--dialog=terminal'], { dialog: 'terminal' }],
    [['--dialog=machine'], { dialog: 'machine' }],
    [['--no-input'], { noInput: true }],
    [['--events=json'], { events: true }],
    [['--events=json', '--events-fd=3'], { events: true, eventsFd: 3 }],
    [['--dialog=machine', '--events=json', '--events-fd', '20'], { dialog: 'machine', events: true, eventsFd: 20 }],
    [['--log=l'], { log: 'l' }],
    [['-h'], { help: true }],
    [['--help'], { help: true }],
    [['--version'], { version: true }],
  ];
  test.each(whole)('reads %j, before or behind the command', (argv, read) => {
    expect(readArguments(argv)).toEqual({ ...nothing, ...read });
    expect(readArguments(['setup', ...argv])).toEqual({ ...nothing, ...read });
    expect(readArguments([...argv, 'setup'])).toEqual({ ...nothing, ...read });
  });

  test.each([
    [['plan', '--json'], { command: 'plan', json: true }],
    [['status', '--json'], { command: 'status', json: true }],
    [
      ['answers', 'convert', 'a.conf', '--to=yaml', '--output=b'],
      { command: 'answers', words: ['convert', 'a.conf'], to: 'yaml', output: 'b' },
    ],
    [['sandbox', 'start'], { command: 'sandbox', words: ['start'] }],
    [
      ['pki', 'import', '--certificate=c', '--key=k', '--chain=r', '--key-password-file=p'],
      { command: 'pki', words: ['import'], certificate: 'c', key: 'k', chain: 'r', keyPasswordFile: 'p' },
    ],
    [['pki', 'import', '--ours'], { command: 'pki', words: ['import'], ours: true }],
    [
      ['db', 'check', '--host=h', '--port=5433', '--database=d', '--user=u', '--password-file=p', '--tls=verified', '--kind=dwh', '--json'],
      {
        ...{ command: 'db', words: ['check'], host: 'h', port: 5433, database: 'd', user: 'u', passwordFile: 'p', json: true },
        ...{ tls: 'verified', kind: 'dwh' },
      },
    ],
    [['db', 'check', '--password-fd=3'], { command: 'db', words: ['check'], passwordFd: 3 }],
  ])('reads %j', (argv, read) => {
    expect(readArguments(argv)).toEqual({ ...nothing, ...read });
  });

  test('is read with every option that there is', () => {
    const said = whole.flatMap(([argv]) => argv).join(' ');
    const elsewhere = ['json', 'to', 'output', ...Object.keys(optionGroups.certificate), ...Object.keys(optionGroups.database)];
    for (const name of [...options.keys()].filter((each) => !elsewhere.includes(each))) expect(said).toContain(`--${name}`);
  });

  test.each([
    [['--no-such'], '--no-such is not an option'],
    [['--no-such', 'value'], '--no-such is not an option'],
    [['-y'], '-y is not an option'],
    [['--yes=no'], '--yes takes no value'],
    [['--root'], '--root wants a value: --root=DIR'],
    [['--root', '--yes'], '--root wants a value: --root=DIR'],
    [['--config='], '--config wants a value: --config=FILE'],
    [['--config-append', ''], '--config-append wants a value: --config-append=FILE'],
    [['--allow='], '--allow wants a value: --allow=ID'],
    [['--allow=a,,b'], '--allow: a name between its commas is empty'],
    [['--dialog=gtk'], '--dialog knows lines, terminal, machine, not gtk'],
    [['--events=xml'], '--events knows json, not xml'],
    [['install'], 'install is not a command'],
    [['toString'], 'toString is not a command'],
    [['__proto__'], '__proto__ is not a command'],
    [['constructor', '--root=/x'], 'constructor is not a command'],
    [['plan', 'more', 'words'], 'more words: plan takes no further words'],
    [['--json'], '--json means nothing to setup'],
    [['--host=h'], '--host means nothing to setup'],
    [['db', 'check', '--port=0'], '--port wants a whole number from 1 to 65535'],
    [['db', 'check', '--port=70000'], '--port wants a whole number from 1 to 65535'],
    [['db', 'check', '--password-fd=x'], '--password-fd wants the number of an open descriptor'],
    [['db', 'check', '--password=secret'], '--password is not an option'],
    [['db', 'check', '--tls=yes'], '--tls knows required, verified, not yes'],
    [['plan', '--events=json'], '--events means nothing to plan'],
    [['plan', '--to=yaml'], '--to means nothing to plan'],
    [['--with-secrets'], '--with-secrets wants --generate-answer=FILE, too'],
    [['--dialog=machine', '--no-input'], '--dialog=machine and --no-input: a front end is there to be asked'],
    [
      ['--dialog=machine', '--events=json'],
      '--dialog=machine and --events=json: both want standard output for themselves, unless events have --events-fd=N',
    ],
    [['--events-fd=3'], '--events-fd wants --events=json, too'],
    [['--events=json', '--events-fd'], '--events-fd wants a value: --events-fd=N'],
    [['--events=json', '--events-fd=1'], '--events-fd wants the number of an open descriptor, 2 or more'],
    [['--events=json', '--events-fd=03'], '--events-fd wants the number of an open descriptor, 2 or more'],
    [['--set-fd=A/b=three'], '--set-fd wants KEY=N'],
    [['--set-file=A/b='], '--set-file wants KEY=PATH'],
  ])('%j is refused in one sentence', (argv, message) => {
    expect(refusal(...argv)).toBe(message);
  });

  test.each([['--set=canary-Wort-77'], ['--set==canary-Wort-77'], ['--set='], ['--set-file=canary-Wort-77'], ['--set-fd=canary-Wort-77']])(
    'does not repeat what stands in %s: it may be a password at the wrong place',
    (word) => {
      const message = refusal(word);
      expect(message).toMatch(/^--set\S* wants (a value: --set=)?KEY=/);
      expect(message).not.toContain('canary');
    },
  );

  test('with several mistakes is refused with all of them', () => {
    let problems: unknown;
    try {
      readArguments(['plan', '--yes=1', '--dialog=gtk', 'word', '--root']);
    } catch (error) {
      problems = (error as SetupError).problems.map(({ message }) => inEnglish(message));
    }
    expect(problems).toEqual([
      '--yes takes no value',
      '--dialog knows lines, terminal, machine, not gtk',
      '--root wants a value: --root=DIR',
      'word: plan takes no further words',
    ]);
  });

  test('lets only answers, pki, db and sandbox take words', () => {
    for (const command of Object.keys(commands).filter((name) => !['answers', 'pki', 'db', 'sandbox'].includes(name)))
      expect(refusal(command, 'start')).toContain('takes no further words');
  });
});

describe('the help', () => {
  const help = helpText(() => undefined);

  test('lists every command, every option and every exit code, each on a line with its meaning', () => {
    const rows = help.split('\n').map((line) => line.trim().split(/ {2,}/));
    for (const row of Object.entries(commands)) expect(rows).toContainEqual(row);
    for (const [name, { short, value, about }] of options)
      expect(rows).toContainEqual([`${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : `=${value}`}`, about]);
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
