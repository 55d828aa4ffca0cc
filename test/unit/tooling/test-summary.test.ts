import { describe, expect, it } from 'vitest';
import { closingLine, summarize, type Report } from '../../../scripts/test-summary.ts';

/** A report of one file. */
const report = (status: string, ...tests: string[]): Report => ({
  testResults: [
    { name: 'a.test.ts', status, message: '', assertionResults: tests.map((each, at) => ({ fullName: `test ${at}`, status: each })) },
  ],
});

describe('the closing line', () => {
  it('counts what passed and what failed', () => {
    expect(closingLine(summarize(report('failed', 'passed', 'passed', 'failed')))).toBe('2 passed, 1 failed');
  });

  it('mentions skipped tests only if there are any', () => {
    expect(closingLine(summarize(report('passed', 'passed')))).toBe('1 passed, 0 failed');
    expect(closingLine(summarize(report('passed', 'passed', 'pending', 'todo')))).toBe('1 passed, 0 failed, 2 skipped');
  });

  it('names the skipped tests', () => {
    expect(summarize(report('passed', 'passed', 'skipped')).skipped).toEqual(['test 1']);
  });

  it('counts a file that breaks before its first test as a failure', () => {
    expect(closingLine(summarize(report('failed')))).toBe('0 passed, 1 failed');
  });
});
