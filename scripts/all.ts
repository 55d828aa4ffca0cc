import { run } from './run.ts';

/*
 * `npm run all`: everything that must be right before a change is accepted. All parts run even if one fails,
 * so that one run shows all that is wrong; the tests come last, so that their closing line ends the output.
 */

const failed: string[] = [];
for (const script of ['types', 'lint', 'format:check']) {
  if ((await run('npm', ['run', '--silent', script])) !== 0) failed.push(script);
}
// The closing line must not say "0 failed" when something did: the tests are told what to add.
process.env['FAILED_BEFORE_TESTS'] = failed.join(' ');
// Tests that leave something out to be quick leave nothing out here.
process.env['EVERY_MOMENT'] = 'yes';
const tests = await run('npm', ['test', '--silent']);
process.exitCode = failed.length > 0 || tests !== 0 ? 1 : 0;
