import { readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';
import { closingLine, summarize, type Report, type Summary } from './test-summary.ts';

/*
 * `npm test`: vitest, then the names of the tests that were skipped and the closing line.
 * Arguments go to vitest: `npm test -- --project unit`.
 */

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const reportFile = fileURLToPath(new URL('../test-results/vitest.json', import.meta.url));

async function readSummary(): Promise<Summary> {
  try {
    return summarize(JSON.parse(await readFile(reportFile, 'utf8')) as Report);
  } catch {
    return { passed: 0, failed: 1, skipped: [] }; // No report: vitest did not get that far.
  }
}

await rm(reportFile, { force: true });
const code = await run(process.execPath, [
  vitest,
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile}`,
  ...process.argv.slice(2),
]);

const summary = await readSummary();
// An error outside of any test (an unhandled rejection, say) is a failure too, although the report does not count it.
const testsFailed = code !== 0 && summary.failed === 0 ? 1 : summary.failed;
const failedBefore = (process.env['FAILED_BEFORE_TESTS'] ?? '').split(' ').filter((name) => name !== '');
const failed = testsFailed + failedBefore.length;

for (const name of summary.skipped) console.log(`skipped: ${name}`);
for (const name of failedBefore) console.log(`failed: npm run ${name}`);
console.log(closingLine({ ...summary, failed }));
process.exitCode = failed > 0 ? 1 : 0;
