import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verdict } from '../../../../src/setup/cli/commands/setup.ts';
import { listenToSignals } from '../../../../src/setup/cli/signals.ts';
import { SetupError } from '../../../../src/setup/kit/errors.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';

const directory = mkdtempSync(join(tmpdir(), 'cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

writeFileSync(join(directory, 'junk'), Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256)));
writeFileSync(join(directory, 'own.conf'), '# mine\n[environment:default]\nOVESETUP_CONFIG/fqdn=str:x\n', { mode: 0o600 });
writeFileSync(join(directory, 'huge'), '');
truncateSync(join(directory, 'huge'), 100 * 1024 * 1024);

// Notes every module that is loaded, however it is asked for.
const hook = join(directory, 'hook.mjs');
writeFileSync(
  hook,
  `import { writeSync } from 'node:fs';
   import { registerHooks } from 'node:module';
   registerHooks({ load(url, context, next) { writeSync(2, 'LOADED ' + url + '\\n'); return next(url, context); } });`,
);

// Whoever runs the tests is an ordinary user then.
const ordinary = join(directory, 'ordinary.mjs');
writeFileSync(ordinary, 'process.geteuid = () => 1000;');

const run = (...args: readonly string[]) => runWith([hook], args);

function runWith(imports: readonly string[], args: readonly string[]) {
  const main = join(programDirectory, 'src/setup/cli/main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [...imports.flatMap((path) => ['--import', path]), main, ...args], {
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
    const { status, stdout, errors } = runWith([ordinary], ['status', '--json']);
    expect(status, errors).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ root: '/' });
  });

  // Were it not refused, a file that is not there would end it before any change.
  test.each([['setup'], ['rollback']])('lets only root do %s to this host itself', (command) => {
    const { status, stdout, errors } = runWith([ordinary], [command, '--config-append=no-such-file']);
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

/** Runs the program by a shell, which has it connected to all kinds of things; `$0` is the program. */
const shell = (script: string): { readonly code: number | null; readonly stdout: string; readonly stderr: string } => {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -o pipefail; ${script}`, join(programDirectory, 'bin/engine-setup')], {
    encoding: 'utf8',
    cwd: directory,
    input: '',
  });
  return { code: status, stdout, stderr };
};

describe('the output of the program', () => {
  test.each(['--help', '--version', 'status --root=none', 'plan --no-such --json'])('may be cut off by its reader: %s', (args) => {
    const { stderr } = shell(`"$0" ${args} | true`);
    expect(stderr).toBe('');
    expect(shell(`"$0" --help | head -n 1`)).toEqual({ code: 0, stdout: 'Usage: engine-setup [COMMAND] [OPTION]...\n', stderr: '' });
  });

  test.each(['--help', 'status --root=none', 'status --root=none --json'])('that cannot be written is a failure: %s', (args) => {
    expect(shell(`"$0" ${args} >/dev/full`)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'engine-setup: standard output cannot be written: no space is left on the device\n',
    });
  });

  test.each(['--help >&-', '--no-such 2>&-', '--no-such 2>/dev/full'])('may be nowhere at all: %s', (args) => {
    const { code, stderr } = shell(`"$0" ${args}`);
    expect([code, stderr]).toEqual([args.startsWith('--help') ? 0 : 2, '']);
  });

  test('carries events alone, if they are asked for, up to the exit code; people read the rest elsewhere', () => {
    const { code, stdout, stderr } = shell(`"$0" --root=events --no-input --events=json`);
    expect(code).toBe(4);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events[0]).toMatchObject({ type: 'run', state: 'started' });
    expect(events.at(-1)).toMatchObject({ type: 'run', state: 'ended', code: 4 });
    expect(stderr).toContain('[ INFO  ] Stage: Initializing\n');
    expect(stderr).toContain('[ ERROR ] Execution of setup failed\n');
  });

  test.each([
    ['', true],
    ['1', false],
  ])('beside events has colours on a terminal unless NO_COLOR says something: %j', (noColor, coloured) => {
    const command = `'${join(programDirectory, 'bin/engine-setup')}' --root=colours --no-input --events=json >/dev/null`;
    const { stdout } = shell(`NO_COLOR=${noColor} TERM=xterm script -qec "${command}" /dev/null`);
    expect(stdout).toContain('Stage: Initializing');
    expect(stdout.includes('\u001b[')).toBe(coloured);
  });

  test('in the dialect of machines ends with its last line', () => {
    const { code, stdout } = shell(`"$0" --root=machine --dialog=machine </dev/null`);
    expect(code).toBe(4);
    expect(stdout.startsWith('**%EventsListStart\n')).toBe(true);
    expect(stdout.endsWith('\n***TERMINATE\n')).toBe(true);
  });
});

describe('events on a descriptor of their own', () => {
  const eventsIn = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test.each([
    ['--no-input', '[ INFO  ] Stage: Initializing\n', 'Execution of setup failed\n'],
    ['--dialog=lines', '[ INFO  ] Stage: Initializing\n', 'Execution of setup failed\n'],
    ['--dialog=machine', '**%EventsListStart\n', '\n***TERMINATE\n'],
  ])('leave standard output to the dialog: %s', (option, start, end) => {
    const { code, stdout, stderr } = shell(`"$0" --root=beside ${option} --events=json --events-fd=3 3>told </dev/null`);
    expect([code, stderr]).toEqual([4, '']);
    expect(stdout.startsWith(start)).toBe(true);
    expect(stdout.endsWith(end)).toBe(true);
    const events = eventsIn(readFileSync(join(directory, 'told'), 'utf8'));
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect([events[0], events.at(-1)]).toMatchObject([{ state: 'started' }, { state: 'ended', code: 4 }]);
  });

  test('go to a pipe as well, whose reader may leave', () => {
    const whole = shell('"$0" --root=beside --no-input --events=json --events-fd=7 7>&1 >/dev/null | cat');
    expect(eventsIn(whole.stdout).at(-1)).toMatchObject({ state: 'ended', code: 4 });
    const left = shell('{ "$0" --root=beside --no-input --events=json --events-fd=7 7>&1 >/dev/null; echo "code $?" >&2; } | true');
    expect(left.stderr).toContain('code 4');
  });

  test.each([
    ['', 'it is not open'],
    ['3</dev/null', 'it is open for reading only'],
    ['3<.', 'it is not open'],
  ])('are refused before anything is done where it cannot be written to: %j', (redirection, why) => {
    const { code, stdout, stderr } = shell(`"$0" --root=nowhere --no-input --events=json --events-fd=3 ${redirection}`);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(`engine-setup: --events-fd=3 cannot be written to: ${why}\nOpen it for writing: 3>FILE, say.\n`);
    expect(existsSync(join(directory, 'nowhere'))).toBe(false);
  });
});

describe('a command line that cannot be understood', () => {
  test.each([
    ['--dialog=machine --no-such', '--no-such is not an option'],
    ['--dialog machine --no-input', '--dialog=machine and --no-input: a front end is there to be asked'],
    ['--otopi-environment="DIALOG/dialect=str:machine X"', 'The statements of the command line cannot be understood'],
    [`--otopi-environment="DIALOG/dialect=str:machine 'X"`, '--otopi-environment: a quote is not closed'],
    ['--set=DIALOG/dialect=machine --events=json', '--dialog=machine and --events=json: both want standard output'],
    ['--dialog=machine --events=json --events-fd=9', '--events-fd=9 cannot be written to: it is not open'],
  ])('ends the dialect of machines: %s', (options, why) => {
    const { code, stdout, stderr } = shell(`"$0" --root=misunderstood ${options} </dev/null`);
    expect(code).toBe(2);
    expect(stdout.startsWith(`***L:ERROR ${why}`), stdout).toBe(true);
    expect(stdout.endsWith('\n***TERMINATE\n')).toBe(true);
    expect(stderr).toContain(`engine-setup: ${why}`);
  });

  test('ends the stream of events', () => {
    const { code, stdout } = shell('"$0" --events=json --no-such');
    expect(code).toBe(2);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ type: 'run', state: 'ended', code: 2, result: 'usage' });
  });

  test.each(['--no-such', 'plan --dialog=machine --json --no-such'])('tells nothing to others on standard output: %s', (options) => {
    expect(shell(`"$0" ${options}`).stdout).not.toContain('***');
  });
});

describe('answers with flaws of form', () => {
  const flawed = [
    'OVESETUP_CONFIG/fqdn=engine.example.net',
    'OVESETUP_DB/port=int:abc',
    'OVESETUP_OVN/ovirtProviderOvn=bool:maybe',
    'OVESETUP_PKI/country=str:usa',
    'OVESETUP_CONFIG/publicHttpsPort=int:PORT',
    // Nobody listens here, whatever else runs on this machine.
    'OVESETUP_CONFIG/websocketProxyPort=int:1',
    'OVESETUP_CONFIG/imageioProxyPort=int:1',
    'OVESETUP_CONFIG/fenceKdumpListenerPort=int:1',
  ];
  const found = [
    'flawed.conf:2: OVESETUP_CONFIG/fqdn: a value starts with its type: none:, bool:, int:, str: or multi-str:',
    'flawed.conf:3: OVESETUP_DB/port: an int is a whole number of at most 15 digits',
    'flawed.conf:4: OVESETUP_OVN/ovirtProviderOvn: a bool is True or False, or yes, no, 1 or 0',
    expect.stringContaining('OVESETUP_CONFIG/adminPassword is not given: '),
    'OVESETUP_PKI/country (flawed.conf:5): Country is two capital letters, such as US',
  ];
  const taken = createServer();
  beforeAll(async () => {
    taken.listen(0);
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const lines = ['[environment:default]', ...flawed, ''].join('\n').replace('PORT', String(port));
    writeFileSync(join(directory, 'flawed.conf'), lines, { mode: 0o600 });
  });
  afterAll(() => taken.close());
  const portTaken = expect.stringMatching(/^Port \d+, wanted for HTTPS, is taken/);

  test('hide nothing else that a plan is refused for', () => {
    const { status, stdout } = run('plan', '--root=r', '--config-append=flawed.conf', '--json');
    expect(status).toBe(4);
    const { error } = JSON.parse(stdout) as { error: { code: string; problems: { message: string }[] } };
    expect(error.code).toBe('refused');
    expect(error.problems.map(({ message }) => message)).toEqual([...found, portTaken]);
    expect(existsSync(join(directory, 'r'))).toBe(false);
  });

  test('hide nothing else that an unattended run is refused for, which changes nothing', () => {
    const { status, stdout, errors } = run('setup', '--root=r', '--config-append=flawed.conf');
    expect([status, stdout]).toEqual([4, '']);
    const told = errors.split('\n').flatMap((line) => /^ {2}(\S.*)$/.exec(line)?.[1] ?? []);
    expect(told).toEqual([...found, 'OVESETUP_DIALOG/confirmSettings is not given: nobody confirms the settings', portTaken]);
    expect(existsSync(join(directory, 'r'))).toBe(false);
  });

  test('are told before the first question, and end the run there', () => {
    const { status, stdout, errors } = run('setup', '--root=r', '--config-append=flawed.conf', '--dialog=lines');
    expect([status, stdout]).toEqual([4, '']);
    expect(errors.trimEnd().split('\n')).toEqual([
      'engine-setup: The answers cannot be used',
      ...found.slice(0, 3).map((text) => `  ${String(text)}`),
    ]);
    expect(existsSync(join(directory, 'r'))).toBe(false);
  });
});

describe('a run that cannot even begin', () => {
  test('ends the stream of events, with what is wrong', () => {
    const { code, stdout, stderr } = shell('"$0" --root=unbegun --no-input --events=json --config-append=no-such-file');
    expect(code).toBe(4);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ type, state }) => state ?? type)).toEqual(['started', 'message', 'message', 'note', 'message', 'ended']);
    expect(events[2]).toMatchObject({ level: 'error', text: 'The answer file no-such-file cannot be read: it is not there' });
    expect(events.at(-1)).toMatchObject({ type: 'run', code: 4 });
    expect(stderr.split('\n')).toEqual([
      'engine-setup: The answers cannot be used',
      '  The answer file no-such-file cannot be read: it is not there',
      '    Correct its name.',
      '  Which answers are missing cannot be told, because not all of no-such-file could be read',
      '',
    ]);
  });

  test.each(['--dialog=machine', '--otopi-environment=DIALOG/dialect=str:machine'])('ends the dialect of machines, too: %s', (option) => {
    const { code, stdout } = shell(`"$0" --root=unbegun ${option} --config-append=no-such-file </dev/null`);
    expect(code).toBe(4);
    expect(stdout.split('\n')).toEqual([
      '***L:ERROR The answer file no-such-file cannot be read: it is not there',
      '### Correct its name.',
      '***TERMINATE',
      '',
    ]);
  });
});

describe('a rehearsal', () => {
  const rehearse = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(programDirectory, 'test/support/rehearsal.ts'), ...args], {
      encoding: 'utf8',
      cwd: directory,
      input: '',
      env: { ...process.env, TMPDIR: directory },
    });

  test.each([
    [['--config-append=junk'], 4, 'junk:1: this is not a text file in UTF-8'],
    [['--host=none'], 2, 'there is no machine none'],
    [['--no-such'], 2, '--no-such is not an option'],
  ])('with %j says what is wrong as the program does, and leaves nothing behind', (args, code, text) => {
    const { status, stderr } = rehearse('--no-input', ...args);
    expect([status, stderr.split('\n')[0]]).toEqual([code, expect.stringMatching(/^engine-setup: /)]);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
    expect(readdirSync(directory).filter((name) => name.startsWith('rehearsal-'))).toEqual([]);
  });
});

describe('statements to the framework of the original', () => {
  test('choose the dialog, the log and further answer files, as options do', () => {
    writeFileSync(join(directory, 'more.conf'), '[environment:default]\nOVESETUP_DB/port=str:x\n', { mode: 0o600 });
    writeFileSync(join(directory, 'old.log'), 'earlier\n');
    const statements = 'DIALOG/dialect=str:machine CORE/logFileName=str:old.log APPEND:CORE/configFileAppend=str:more.conf';
    const { code, stdout } = shell(`"$0" --root=framework --otopi-environment='${statements}' </dev/null`);
    expect(code).toBe(4);
    expect(stdout).toContain('### Log file: old.log\n');
    expect(stdout).toContain("'more.conf']\n");
    expect(stdout.endsWith('\n***TERMINATE\n')).toBe(true);
    expect(stdout).not.toContain('has no effect');
    expect(readFileSync(join(directory, 'old.log'), 'utf8')).toMatch(/^earlier\n.* INFO dialog Stage: Initializing\n/);
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

describe('a signal', () => {
  test.each(['setup', 'plan'])('ends the wait for a pipe that nobody writes to, with nothing changed: %s', (command) => {
    // A pipe can be opened for writing as soon as somebody reads from it.
    const pipe = `wait-${command}`;
    const script = `mkfifo ${pipe}; "$0" ${command} --root=signalled --config-append=${pipe} & exec 9>${pipe}; kill -INT $!; wait $!`;
    const { code, stderr } = shell(script);
    expect([code, stderr]).toEqual([5, 'engine-setup: Stopped by a signal\n']);
    expect(existsSync(join(directory, 'signalled'))).toBe(false);
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
    const ended: number[] = [];
    const signals = listenToSignals((code) => void ended.push(code));
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
        expect(ended).toEqual([committed ? 3 : 5]);
      } finally {
        forget();
      }
    }
  });

  test('let the last words be said before the end, which comes whatever happens to them', () => {
    const { signals, ended, send, forget } = listening();
    try {
      signals.beforeEnd((code) => {
        expect([code, ended]).toEqual([5, []]);
        throw new Error('nobody hears them');
      });
      send('SIGINT');
      expect(() => send('SIGINT')).toThrow('nobody hears them');
      expect(ended).toEqual([5]);
    } finally {
      forget();
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
