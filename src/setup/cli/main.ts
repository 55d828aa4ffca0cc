import { readFileSync } from 'node:fs';
import type { Arguments } from './args.ts';
import type { ExitCode } from './exit-codes.ts';
import { outliveReader, print } from './output.ts';
import { understand } from './understand.ts';

// Only what --help needs is imported above: every command loads its own modules.

const version = (): string =>
  (JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

async function perform(args: Arguments): Promise<ExitCode> {
  switch (args.command) {
    case 'setup':
      return (await import('./commands/setup.ts')).setup(args, version());
    case 'plan':
      return (await import('./commands/plan.ts')).plan(args, version());
    case 'rollback':
      return (await import('./commands/rollback.ts')).rollback(args, version());
    case 'status':
      return (await import('./commands/status.ts')).status(args);
    case 'answers':
      return (await import('./commands/answers.ts')).answers(args);
    case 'pki':
      return (await import('./commands/pki.ts')).pki(args, version());
    case 'db':
      return (await import('./commands/db.ts')).db(args);
    case 'sandbox':
      return (await import('./commands/sandbox.ts')).sandbox(args, version());
  }
}

/** The text of `--help` in the language of the user. */
async function help(): Promise<string> {
  const [{ helpText }, { catalogueFor }] = await Promise.all([import('./help.ts'), import('../ui/catalogue.ts')]);
  return helpText(catalogueFor(process.env).catalogue);
}

async function main(argv: readonly string[]): Promise<ExitCode> {
  try {
    const args = await understand(argv);
    if (args.help) print(await help());
    else if (args.version) print(`engine-setup ${version()}\n`);
    else return await perform(args);
    return 0;
  } catch (error) {
    const { complain } = await import('./complain.ts');
    return complain(error, argv.includes('--json'));
  }
}

/** Waits until everything that was written is with its reader, or cannot be. */
const drained = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.writable) stream.write('', () => setImmediate(resolve));
    else resolve();
  });

outliveReader();
const code = await main(process.argv.slice(2));
process.exitCode ||= code;
await drained(process.stdout);
await drained(process.stderr);
// Not left to itself: what a plugin has left open, a timer say, would keep the program.
process.exit();
