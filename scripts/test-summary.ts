/** What the closing line needs of the report that vitest writes with `--reporter=json` (the format of Jest). */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** Full names of the tests that did not run. */
  readonly skipped: readonly string[];
}

/** Sums a report up. A file that broke before its first test counts as one failure. */
export function summarize(report: Report): Summary {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const count = (status: string): number => tests.filter((test) => test.status === status).length;
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed').map((test) => test.fullName);
  return { passed: count('passed'), failed: count('failed') + broken.length, skipped };
}

/** The one line at the end of a run: `12 passed, 0 failed`, and how many were skipped if any were. */
export const closingLine = ({ passed, failed, skipped }: Summary): string =>
  `${passed} passed, ${failed} failed` + (skipped.length > 0 ? `, ${skipped.length} skipped` : '');
