import { describe, expect, test } from 'vitest';
import { type Arguments, readArguments } from '../../../../src/setup/cli/args.ts';
import { heedStatements, isFrameworkKey } from '../../../../src/setup/cli/framework-statements.ts';
import { english } from '../../../support/fakes.ts';

const heeded = (...argv: readonly string[]): Arguments => heedStatements(readArguments(argv));
const refusal = (...argv: readonly string[]): unknown => {
  try {
    heeded(...argv);
  } catch (error) {
    return english(error);
  }
  throw new Error(`${argv.join(' ')} was accepted`);
};

describe('a statement to the framework of the original', () => {
  test.each<[statement: string, means: Partial<Arguments>]>([
    ['DIALOG/dialect=str:machine', { dialog: 'machine' }],
    ['DIALOG/dialect=str:human', { dialog: 'lines' }],
    ['DIALOG/autoAcceptDefault=bool:True', { acceptDefaults: true }],
    ['CORE/logFileName=str:/l', { log: '/l' }],
    ['CORE/configFileName=str:/a:/b', { config: ['/a', '/b'] }],
    ['CORE/configFileAppend=str:/a:/b', { configAppend: ['/a', '/b'] }],
    ['OVESETUP_CORE/answerFile=str:/g', { generateAnswer: '/g' }],
    ['OVESETUP_CORE/reconfigureOptionalComponents=bool:True', { reconfigureOptional: true }],
  ])('%s stands for an option, with either way to say it', (statement, means) => {
    const [key = '', value = ''] = statement.split('=');
    expect(heeded(`--otopi-environment=${statement}`)).toMatchObject(means);
    expect(heeded(`--set=${key}=${value.replace(/^.*?:/, '')}`)).toMatchObject(means);
    expect(isFrameworkKey(key)).toBe(true);
  });

  test.each<[argv: readonly string[], means: Partial<Arguments>]>([
    [['--accept-defaults', '--set=DIALOG/autoAcceptDefault=no'], { acceptDefaults: false }],
    [['--dialog=terminal', '--otopi-environment=DIALOG/dialect=none:None'], { dialog: undefined }],
    [['--otopi-environment=CORE/logFileName=str:/b', '--set=CORE/logFileName=/a', '--log=/c'], { log: '/b' }],
    [['--config-append=/a', '--otopi-environment=CORE/configFileAppend=str:/b'], { configAppend: ['/b'] }],
    [['--config-append=/a', '--otopi-environment=APPEND:CORE/configFileAppend=str:/b'], { configAppend: ['/a', '/b'] }],
    [['--config=/a', '--otopi-environment=PREPEND:CORE/configFileName=str:/b'], { config: ['/b', '/a'] }],
    [['--otopi-environment=APPEND:CORE/configFileAppend=str:/b'], { configAppend: ['/b'] }],
  ])('comes behind the options: %j', (argv, means) => {
    expect(heeded(...argv)).toMatchObject(means);
  });

  test('is told apart from an answer', () => {
    for (const key of ['OVESETUP_CONFIG/fqdn', 'OVESETUP_CORE/offlinePackager', 'toString']) expect(isFrameworkKey(key)).toBe(false);
    const args = readArguments(['--set=OVESETUP_CONFIG/fqdn=x', '--otopi-environment=A/b=int:1']);
    expect(heedStatements(args)).toEqual(args);
  });

  test('with a value that it cannot have is refused, together with all others', () => {
    const statements = 'DIALOG/dialect=str:gtk DIALOG/autoAcceptDefault=str:perhaps OVESETUP_CORE/answerFile=int:1';
    expect(refusal(`--otopi-environment=${statements}`)).toMatchObject({
      code: 'usage',
      problems: [
        { message: '--otopi-environment: DIALOG/dialect: machine or human is expected' },
        { message: '--otopi-environment: DIALOG/autoAcceptDefault: Yes or No is expected' },
        { message: '--otopi-environment: OVESETUP_CORE/answerFile: text is expected, not a number' },
      ],
    });
  });

  test('clashes as its option does', () => {
    for (const option of ['--no-input', '--events=json'])
      expect(refusal(option, '--set=DIALOG/dialect=machine')).toMatchObject({ code: 'usage', text: expect.stringContaining(option) });
  });
});
