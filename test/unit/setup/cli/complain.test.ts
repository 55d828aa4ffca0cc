import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SetupError, message } from '#kit';
import { complain } from '../../../../src/setup/cli/complain.ts';

let stdout = '';
let stderr = '';
beforeEach(() => {
  [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
});

const failure = new SetupError('refused', message`${'It'} cannot be used`, {
  remedy: 'Use another one.',
  problems: [
    { id: 'a', level: 'error', message: 'first', remedy: message`Do ${'this'}.` },
    { id: 'b', level: 'doubt', message: 'second' },
  ],
});

test('an expected failure is told with all that is behind it, and what to do', () => {
  expect(complain(failure, false)).toBe(4);
  expect(stderr).toBe('engine-setup: It cannot be used\n  first\n    Do this.\n  second\nUse another one.\n');
  expect(stdout).toBe('');
});

test('a program that reads JSON gets it as such, and nothing else', () => {
  expect(complain(failure, true)).toBe(4);
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: 'refused',
      message: 'It cannot be used',
      problems: [
        { id: 'a', level: 'error', message: 'first', remedy: 'Do this.' },
        { id: 'b', level: 'doubt', message: 'second' },
      ],
      remedy: 'Use another one.',
    },
  });
  expect(stderr).toBe('');
});

test('anything else is told as the defect that it is, with its trace', () => {
  for (const [error, trace] of [
    [new Error('boom'), /complain\.test\.ts/],
    ['boom', /^boom$/m],
  ] as const) {
    [stdout, stderr] = ['', ''];
    expect(complain(error, false)).toBe(1);
    expect(stderr).toContain('engine-setup: this is a defect of the program, please report it:\n');
    expect(stderr).toMatch(trace);
    expect(complain(error, true)).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'defect', message: expect.stringMatching(trace) } });
  }
});
