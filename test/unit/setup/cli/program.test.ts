import { existsSync, mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { programDirectory } from '../../../../src/setup/paths.ts';
import { useProgram } from '../../../support/program.ts';

const { directory, run, runAsOrdinary, shell } = useProgram();

writeFileSync(join(directory, 'junk'), Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256)));
writeFileSync(join(directory, 'own.conf'), '# mine\n[environment:default]\nOVESETUP_CONFIG/fqdn=str:x\n', { mode: 0o600 });
writeFileSync(join(directory, 'huge'), '');
truncateSync(join(directory, 'huge'), 100 * 1024 * 1024);

describe('the program', () => {
  test.each([['--help'], ['--version'], ['sandbox', '--help'], ['plan', '--version']])(
    'asked for %s %s loads no module of others, and few of its own',
    (...args) => {
      const { status, loaded, errors } = run(...args);
      expect([status, errors]).toEqual([0, '']);
      expect(loaded.filter((url) => url.includes('node_modules'))).toEqual([]);
      const own = loaded.map((url) => url.replace(/^.*\/src\/setup\//, ''));
      expect(own).toContain('cli/main.ts');
      expect(
        own.filter(
          (path) =>
            !/^(cli\/(main|end|own-version|understand|args|words|options|output|exit-codes|help)|kit\/(errors|text)|ui\/catalogue)\.ts$/.test(
              path,
            ) && !path.startsWith('node:'),
        ),
      ).toEqual([]);
    },
  );

  test('tells of this host itself where no root is named, to everybody', () => {
    const { status, stdout, errors } = runAsOrdinary('status', '--json');
    expect(status, errors).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ root: '/' });
  });

  // Were it not refused, a file that is not there would end it before any change.
  test.each([['setup'], ['rollback']])('lets only root do %s to this host itself', (command) => {
    const { status, stdout, errors } = runAsOrdinary(command, '--config-append=no-such-file');
    expect([status, stdout]).toEqual([4, '']);
    expect(errors).toContain('engine-setup: Only root may configure this host');
    expect(errors).toContain('--root=DIRECTORY');
  });

  test('that really works is seen to load them', () => {
    const { loaded } = run('plan', `--root=${join(directory, 'none')}`);
    expect(loaded.some((url) => url.includes('/node_modules/handlebars/'))).toBe(true);
  });

  test('shows control characters in files of others as text when it plans to change them', () => {
    const root = join(directory, 'theirs');
    const folder = join(root, 'etc/ovirt-engine/engine.conf.d');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(root, '.engine-setup-sandbox'), '');
    writeFileSync(join(folder, '10-setup-protocols.conf'), '\u001b]0;owned\u0007\tx\n');
    const { stdout, status, errors } = run('plan', `--root=${root}`, `--config-append=${join(programDirectory, 'answers/sandbox.yaml')}`);
    expect(status, errors).toBe(0);
    expect(stdout).toContain('-\\x1b]0;owned\\x07\tx\n');
    expect(stdout).not.toContain('\u001b');
  });

  test('prints its version as package.json has it, and help on standard output', () => {
    const { version } = JSON.parse(readFileSync(join(programDirectory, 'package.json'), 'utf8')) as { version: string };
    expect(run('--version').stdout).toBe(`engine-setup ${version}\n`);
    expect(run('--help').stdout).toMatch(/^Usage: engine-setup /);
  });

  test.each([
    [['--no-such'], 2, '--no-such is not an option'],
    [['hasOwnProperty'], 2, 'hasOwnProperty is not a command'],
    [['sandbox'], 2, 'sandbox wants one word'],
    [['sandbox', 'start', 'stop'], 2, 'sandbox wants one word'],
    [['sandbox', 'explode'], 2, 'sandbox wants one word'],
    [['plan', '--config-append=no-such-file'], 4, 'The answer file no-such-file cannot be read: it is not there'],
    [['setup', '--root=/'], 4, '/ is not a sandbox'],
    [['status', '--root='], 2, '--root wants a value: --root=DIR'],
    [['status', '--root=a\nb'], 4, 'empty or holds control characters'],
    [['setup', '--root=r', '--allow=disk-spaec'], 2, '--allow=disk-spaec names no doubt that is known; did you mean disk-space?'],
    [
      ['setup', '--root=r', '--config-append=own.conf', '--generate-answer=own.conf'],
      2,
      '--generate-answer=own.conf would write over a file',
    ],
    [['setup', '--root=r', '--otopi-environment=DIALOG/dialect=str:gtk'], 2, 'DIALOG/dialect: machine or human is expected'],
    [['plan', '--root=r', '--config-append=no-such-file'], 4, 'The answer file no-such-file cannot be read: it is not there'],
    [['plan', '--root=r', '--set', 'OVESETUP_DB/port=x'], 4, 'OVESETUP_DB/port (--set): a whole number'],
    [['plan', '--root=r', '--config=no-such-file'], 4, 'The answer file no-such-file cannot be read: it is not there'],
    [['plan', '--root=r', '--config-append=.'], 4, 'The answer file . cannot be read: it is a directory'],
    [['plan', '--root=r', '--config-append=junk'], 4, 'junk:1: this is not a text file in UTF-8'],
    [['plan', '--root=r', '--config-append=huge'], 4, 'The answer file huge cannot be read: it is larger than 16 MiB'],
    [['setup', '--root=r', '--config-append=no-such-file'], 4, 'The answer file no-such-file cannot be read: it is not there'],
    [['setup', '--root=r', '--config-append=junk'], 4, 'junk:1: this is not a text file in UTF-8'],
    [['setup', '--root=r', '--set-file=A/b=no-such-file'], 4, 'A/b (--set-file): no-such-file cannot be used: it is not there'],
    [['setup', '--root=r', '--otopi-environment=A/b'], 2, '--otopi-environment: word 1 is not KEY=type:value'],
    [['setup', '--root=r', '--dialog=terminal'], 2, '--dialog=terminal needs a terminal'],
    [['answers'], 2, 'answers wants'],
  ])('with %j ends with %i and says why, without a trace', (args, code, message) => {
    const { status, stdout, errors } = run(...args);
    expect(status, errors).toBe(code);
    expect(errors).toContain(`engine-setup: `);
    expect(errors).toContain(message);
    expect(errors).not.toContain('defect');
    expect(stdout).toBe('');
    expect(existsSync(join(directory, 'r'))).toBe(false);
  });

  test.each([
    [['plan', '--no-such'], 2, { code: 'usage', message: '--no-such is not an option', problems: [], remedy: 'See engine-setup --help.' }],
    [
      ['plan', '--root=r', '--config-append=no-such-file', '--config-append=.'],
      4,
      {
        code: 'refused',
        message: 'The answers cannot be used',
        problems: [
          {
            id: 'answer-file',
            level: 'error',
            message: 'The answer file no-such-file cannot be read: it is not there',
            remedy: 'Correct its name.',
          },
          { id: 'answer-file', level: 'error', message: 'The answer file . cannot be read: it is a directory' },
          {
            id: 'answer-file',
            level: 'error',
            message: 'Which answers are missing cannot be told, because not all of no-such-file, . could be read',
          },
        ],
      },
    ],
    [['status', '--root=/'], 4, { code: 'refused', message: '/ is not a sandbox of engine-setup, and not empty' }],
    [['answers', 'explain', 'no-such-file'], 4, { code: 'refused' }],
  ])('asked for JSON with %j ends with %i and the error as JSON', (args, code, error) => {
    const { status, stdout, errors } = run(...args, '--json');
    expect([status, errors]).toEqual([code, '']);
    expect(JSON.parse(stdout)).toMatchObject({ error });
  });

  test('takes no secret from the command line, does not repeat it, and writes nothing', () => {
    const root = join(directory, 'secret');
    for (const key of ['OVESETUP_CONFIG/adminPassword', 'OVESETUP_DB/password']) {
      const { status, errors } = run('plan', `--root=${root}`, '--set', `${key}=canary-Wort-77`);
      expect(status).toBe(2);
      expect(errors).toContain(`${key} (--set): secrets are not taken from the command line`);
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

describe('a secret', () => {
  const judge = 'plan --root=none --set OVESETUP_DB/port=x';
  test.each([
    ['a file', `echo canary-Wort-77 >pw; chmod 600 pw; "$0" ${judge} --set-file=OVESETUP_CONFIG/adminPassword=pw`],
    ['the output of a command', `"$0" ${judge} --set-file=OVESETUP_CONFIG/adminPassword=<(echo canary-Wort-77; exec sleep 10 2>/dev/null)`],
    ['a descriptor', `"$0" ${judge} --set-fd=OVESETUP_CONFIG/adminPassword=7 7< <(echo canary-Wort-77; exec sleep 10 2>/dev/null)`],
    ['standard input', `echo canary-Wort-77 | "$0" ${judge} --set-fd=OVESETUP_CONFIG/adminPassword=0`],
    [
      'a piped answer file',
      `"$0" ${judge} --config-append=<(printf '[environment:default]\\nOVESETUP_CONFIG/adminPassword=str:canary-Wort-77\\n')`,
    ],
  ])('is taken from %s, and shown nowhere', (_, script) => {
    const { code, stdout, stderr } = shell(script);
    expect(code).toBe(4);
    // The password was taken: all that is wrong is something else.
    expect(stderr).toContain('OVESETUP_DB/port (--set)');
    expect(stderr).not.toContain('OVESETUP_CONFIG/adminPassword');
    expect(stdout + stderr).not.toContain('canary');
  });
});
