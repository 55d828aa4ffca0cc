import type { Arguments } from './args.ts';
import { workAndEnd } from './end.ts';
import type { ExitCode } from './exit-codes.ts';
import { print } from './output.ts';
import { ownVersion } from './own-version.ts';
import { understand } from './understand.ts';

// Only what --help needs is imported above: every command loads its own modules.

async function perform(args: Arguments): Promise<ExitCode> {
  switch (args.command) {
    case 'setup':
      return (await import('./commands/setup.ts')).setup(args, ownVersion());
    case 'plan':
      return (await import('./commands/plan.ts')).plan(args, ownVersion());
    case 'rollback':
      return (await import('./commands/rollback.ts')).rollback(args, ownVersion());
    case 'status':
      return (await import('./commands/status.ts')).status(args);
    case 'answers':
      return (await import('./commands/answers.ts')).answers(args);
    case 'pki':
      return (await import('./commands/pki.ts')).pki(args, ownVersion());
    case 'db':
      return (await import('./commands/db.ts')).db(args);
    case 'sandbox':
      return (await import('./commands/sandbox.ts')).sandbox(args, ownVersion());
  }
}

/** The text of `--help` in the language of the user. */
async function help(): Promise<string> {
  const [{ helpText }, { catalogueFor }] = await Promise.all([import('./help.ts'), import('../ui/catalogue.ts')]);
  return helpText(catalogueFor(process.env).catalogue);
}

async function main(argv: readonly string[]): Promise<ExitCode> {
  const args = await understand(argv);
  if (args.help) print(await help());
  else if (args.version) print(`engine-setup ${ownVersion()}\n`);
  else return perform(args);
  return 0;
}

const argv = process.argv.slice(2);
await workAndEnd(() => main(argv), { json: argv.includes('--json') });
