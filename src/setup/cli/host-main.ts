import type { ExitCode } from './exit-codes.ts';
import { workAndEnd } from './end.ts';
import { ownVersion } from './own-version.ts';
import { understand } from './understand.ts';

/* What the engine runs on a machine that becomes a compute node: one run of the same machinery, with the components of a node. */

async function setUp(argv: readonly string[]): Promise<ExitCode> {
  const args = await understand(argv);
  const { SetupError } = await import('../kit/errors.ts');
  if (args.command !== 'setup' || args.root !== undefined || args.help || args.version)
    throw new SetupError('usage', 'This program is run by the engine, on the host itself, and only sets it up');
  const { changing, verdict } = await import('./commands/setup.ts');
  const { runPipeline } = await import('../core/pipeline.ts');
  const { nodePlugins: plugins } = await import('../../../plugins/node.ts');
  return changing(args, ownVersion(), async (run) => verdict(await runPipeline(run)), { plugins });
}

await workAndEnd(() => setUp(process.argv.slice(2)), { json: false });
