import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { programDirectory } from '../../../../src/setup/paths.ts';
import { eventsIn, useProgram } from '../../../support/program.ts';

/* What the program writes where: to people, to front ends that speak the dialect of machines, and to readers of its events. */

const { directory, shell } = useProgram();

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
    const events = eventsIn(stdout);
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

describe('a run that cannot even begin', () => {
  test('ends the stream of events, with what is wrong', () => {
    const { code, stdout, stderr } = shell('"$0" --root=unbegun --no-input --events=json --config-append=no-such-file');
    expect(code).toBe(4);
    const events = eventsIn(stdout);
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
