import { expect, test } from 'vitest';
import { readArguments } from '../../../../src/setup/cli/args.ts';
import { dialogKind, streamForPeople } from '../../../../src/setup/cli/dialog-kind.ts';

const terminal = { keyboard: true, screen: true, term: 'xterm-256color' };
const kindOf = (around: Parameters<typeof dialogKind>[1], ...argv: readonly string[]) => dialogKind(readArguments(argv), around);

test.each([
  ['a terminal', terminal, 'terminal'],
  ['a dumb terminal', { ...terminal, term: 'dumb' }, 'lines'],
  ['a terminal without a name', { ...terminal, term: undefined }, 'lines'],
  ['a terminal with an empty name', { ...terminal, term: '' }, 'lines'],
  ['output into a file', { ...terminal, screen: false }, 'unattended'],
  ['input from a pipe', { ...terminal, keyboard: false }, 'unattended'],
  ['no terminal at all', { keyboard: false, screen: false, term: undefined }, 'unattended'],
] as const)('with %s the dialog that fits is %s', (_, around, kind) => {
  expect(kindOf(around)).toBe(kind);
});

test('the dialog that is asked for is taken, also through pipes', () => {
  const pipes = { keyboard: false, screen: false, term: undefined };
  for (const kind of ['lines', 'machine'] as const) {
    expect(kindOf(pipes, `--dialog=${kind}`)).toBe(kind);
    expect(kindOf(terminal, `--dialog=${kind}`)).toBe(kind);
  }
  expect(kindOf({ ...terminal, term: 'dumb' }, '--dialog=terminal')).toBe('terminal');
});

test('the terminal dialog without a terminal is refused', () => {
  for (const missing of [{ keyboard: false }, { screen: false }])
    expect(() => kindOf({ ...terminal, ...missing }, '--dialog=terminal')).toThrow(
      '--dialog=terminal needs a terminal, for input and output',
    );
});

test('with --no-input nobody is asked, not even at a terminal', () => {
  expect(kindOf(terminal, '--no-input')).toBe('unattended');
  expect(kindOf(terminal, '--no-input', '--dialog=lines')).toBe('unattended');
});

test('people read standard output, unless that one carries events', () => {
  const streamOf = (...argv: readonly string[]) => streamForPeople(readArguments(argv));
  expect(streamOf()).toBe(process.stdout);
  expect(streamOf('--events=json')).toBe(process.stderr);
  expect(streamOf('--events=json', '--events-fd=3')).toBe(process.stdout);
});
