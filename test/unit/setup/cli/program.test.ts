import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { verdict } from '../../../../src/setup/cli/commands/setup.ts';
import { listenToSignals } from '../../../../src/setup/cli/signals.ts';
import { SetupError } from '../../../../src/setup/kit/errors.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';

const directory = mkdtempSync(join(tmpdir(), 'cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

// Notes every module that is loaded, however it is asked for.
const hook = join(directory, 'hook.mjs');
writeFileSync(
  hook,
  `import { writeSync } from 'node:fs';
   import { registerHooks } from 'node:module';
   registerHooks({ load(url, context, next) { writeSync(2, 'LOADED ' + url + '\\n'); return next(url, context); } });`,
);

function run(...args: readonly string[]) {
  const main = join(programDirectory, 'src/setup/cli/main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', hook, main, ...args], {
    encoding: 'utf8',
    cwd: directory,
    input: '',
  });
  const lines = stderr.split('\n');
  return {
    status,
    stdout,
    loaded: lines.filter((line) => line.startsWith('LOADED ')).map((line) => line.slice(7)),
    errors: lines.filter((line) => !line.startsWith('LOADED ')).join('\n'),
  };
}

describe('the program', () => {
  test.each([['--help'], ['--version'], ['sandbox', '--help'], ['plan', '--version']])(
    'asked for %s %s loads no module of others, and few of its own',
    (...args) => {
      const { status, loaded, errors } = run(...args);
      expect([status, errors]).toEqual([0, '']);
      expect(loaded.filter((url) => url.includes('node_modules'))).toEqual([]);
      const own = loaded.map((url) => url.replace(/^.*\/src\/setup\//, ''));
      expect(own).toContain('cli/main.ts');
      expect(own.filter((path) => !/^(cli\/(main|args|exit-codes|help)|kit\/errors)\.ts$/.test(path) && !path.startsWith('node:'))).toEqual(
        [],
      );
    },
  );

  test('that really works is seen to load them', () => {
    const { loaded } = run('plan', `--root=${join(directory, 'none')}`);
    expect(loaded.some((url) => url.includes('/node_modules/handlebars/'))).toBe(true);
  });

  test('prints its version as package.json has it, and help on standard output', () => {
    const { version } = JSON.parse(readFileSync(join(programDirectory, 'package.json'), 'utf8')) as { version: string };
    expect(run('--version').stdout).toBe(`engine-setup ${version}\n`);
    expect(run('--help').stdout).toMatch(/^Usage: engine-setup /);
  });

  test.each([
    [['--no-such'], 2, "Unknown option '--no-such'"],
    [['hasOwnProperty'], 2, 'hasOwnProperty is not a command'],
    [['sandbox'], 2, 'sandbox wants one word'],
    [['sandbox', 'start', 'stop'], 2, 'sandbox wants one word'],
    [['sandbox', 'explode'], 2, 'sandbox wants one word'],
    [['plan'], 4, 'Installing on this host itself is not supported'],
    [['status'], 4, 'Installing on this host itself is not supported'],
    [['setup', '--root=/'], 4, '/ is not a sandbox'],
    [['status', '--root='], 4, 'empty or holds control characters'],
    [['plan', '--root=r', '--config-append=no-such-file'], 4, 'The answer file no-such-file cannot be read: it is not there'],
    [['plan', '--root=r', '--set', 'OVESETUP_DB/port=x'], 4, 'OVESETUP_DB/port (--set): a whole number'],
  ])('with %j ends with %i and says why, without a trace', (args, code, message) => {
    const { status, stdout, errors } = run(...args);
    expect(status, errors).toBe(code);
    expect(errors).toContain(`engine-setup: `);
    expect(errors).toContain(message);
    expect(errors).not.toContain('defect');
    expect(stdout).toBe('');
  });

  test('takes no secret from the command line, does not repeat it, and writes nothing', () => {
    const root = join(directory, 'secret');
    for (const key of ['OVESETUP_CONFIG/adminPassword', 'OVESETUP_DB/password']) {
      const { status, errors } = run('plan', `--root=${root}`, '--set', `${key}=canary-Wort-77`);
      expect(status).toBe(2);
      expect(errors).toContain(`${key}: secrets are not taken from the command line`);
      expect(errors).not.toContain('canary');
    }
    expect(existsSync(root)).toBe(false);
  });

  test('that only looks writes nothing', () => {
    const before = readdirSync(directory).sort();
    const { status, stdout } = run('status', '--root=nowhere', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ root: join(directory, 'nowhere'), state: 'not installed', services: [] });
    expect(run('rollback', '--root=nowhere').stdout).toContain('nothing is installed there');
    expect(run('sandbox', 'stop', '--root=nowhere').stdout).toContain('There is no sandbox');
    expect(readdirSync(directory).sort()).toEqual(before);
  });
});

describe('the verdict over a run', () => {
  const verdictOf = (more: Partial<Parameters<typeof verdict>[0]>): number => verdict({ leftOver: [], unhealthy: [], ...more });

  test('is the exit code of what stopped it, of what could not be undone, or of what is not healthy', () => {
    expect(verdictOf({})).toBe(0);
    expect(verdictOf({ unhealthy: ['engine'] })).toBe(6);
    expect(verdictOf({ failure: new SetupError('interrupted', 'x') })).toBe(1);
    expect(verdictOf({ failure: new SetupError('cancelled', 'x') })).toBe(5);
    expect(verdictOf({ failure: new Error('a defect') })).toBe(1);
    expect(verdictOf({ failure: new SetupError('failed', 'x'), leftOver: ['a'] })).toBe(3);
  });
});

describe('signals', () => {
  function listening() {
    const before = new Map((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => [name, process.listeners(name)]));
    const ended: boolean[] = [];
    const signals = listenToSignals((committed) => void ended.push(committed));
    const send = (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void => {
      for (const listener of process.listeners(name)) if (before.get(name)?.includes(listener) === false) listener(name);
    };
    const forget = (): void => {
      for (const [name, old] of before)
        for (const listener of process.listeners(name)) if (!old.includes(listener)) process.off(name, listener);
    };
    return { signals, ended, send, forget };
  }

  test('ask a run to stop the first time, and end it the second time', () => {
    for (const committed of [false, true]) {
      const { signals, ended, send, forget } = listening();
      try {
        if (committed) signals.commit();
        expect(signals.signal.aborted).toBe(false);
        send('SIGINT');
        expect([signals.signal.aborted, ended]).toEqual([true, []]);
        send('SIGTERM');
        expect(ended).toEqual([committed]);
      } finally {
        forget();
      }
    }
  });

  test('that say that the terminal is gone stop a run before the confirmation only', () => {
    const { signals, ended, send, forget } = listening();
    try {
      signals.commit();
      send('SIGHUP');
      send('SIGHUP');
      expect([signals.signal.aborted, ended]).toEqual([false, []]);
    } finally {
      forget();
    }
    const early = listening();
    try {
      early.send('SIGHUP');
      expect(early.signals.signal.aborted).toBe(true);
    } finally {
      early.forget();
    }
  });
});
