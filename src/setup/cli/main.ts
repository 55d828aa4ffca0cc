import { readFileSync } from 'node:fs';
import { SetupError } from '../kit/errors.ts';
import { readArguments } from './args.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';

// Only what --help needs is imported above: every command loads its own modules.

const version = (): string =>
  (JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

async function main(): Promise<ExitCode> {
  const args = readArguments(process.argv.slice(2));
  if (args.help) {
    const { helpText } = await import('./help.ts');
    process.stdout.write(helpText());
    return 0;
  }
  if (args.version) {
    process.stdout.write(`engine-setup ${version()}\n`);
    return 0;
  }
  switch (args.command) {
    case 'setup':
      return (await import('./commands/setup.ts')).setup(args, version());
    case 'plan':
      return (await import('./commands/plan.ts')).plan(args, version());
    case 'rollback':
      return (await import('./commands/rollback.ts')).rollback(args, version());
    case 'status':
      return (await import('./commands/status.ts')).status(args);
    case 'sandbox':
      return (await import('./commands/sandbox.ts')).sandbox(args, version());
  }
}

/** Prints an expected error as its message, its problems and its remedies; anything else is a defect and shows its trace. */
function complain(error: unknown): ExitCode {
  if (!(error instanceof SetupError)) {
    process.stderr.write(
      `engine-setup: this is a defect of the program, please report it:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return 1;
  }
  const lines = [
    error.message,
    ...error.problems.flatMap(({ message, remedy }) => [`  ${message}`, ...(remedy === undefined ? [] : [`    ${remedy}`])]),
  ];
  if (error.remedy !== undefined) lines.push(error.remedy);
  process.stderr.write(`engine-setup: ${lines.join('\n')}\n`);
  return exitCodeOf(error.code);
}

// The exit code is set, not called: what was written to pipes must drain first.
process.exitCode = await main().catch(complain);
