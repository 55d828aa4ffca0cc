import { interleaved, runToEnd } from './measure.ts';
import { bareNode, engineSetup, inTemporaryDirectory } from './program.ts';
import type { Result } from './result.ts';

/** How quickly the program answers when there is nothing to do, against the runtime doing nothing. */
export async function startup(): Promise<readonly Result[]> {
  // A compile cache of its own, filled by the round that warms up.
  const samples = await inTemporaryDirectory((cache) => {
    const of = (argv: readonly [string, ...string[]]) => async () => (await runToEnd({ argv, env: { NODE_COMPILE_CACHE: cache } })).ms;
    return interleaved(30, { help: of([engineSetup, '--help']), version: of([engineSetup, '--version']), bare: of(bareNode) });
  });
  const peer = { name: 'node -e 0', sample: samples.bare };
  return [
    { name: 'engine-setup --help', unit: 'ms', ours: samples.help, peer, target: { ratio: 2 } },
    { name: 'engine-setup --version', unit: 'ms', ours: samples.version, peer, target: { ratio: 2 } },
  ];
}
