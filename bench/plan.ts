import { fileURLToPath } from 'node:url';
import { interleaved, runToEnd } from './measure.ts';
import { bareNode, inTemporaryDirectory } from './program.ts';
import type { Result } from './result.ts';

const subject = fileURLToPath(new URL('plan-on-memory-host.ts', import.meta.url));

/** How long the plan of a full installation takes: all questions settled from an answer file, all checks made, in a process of its own. */
export const plan = (): Promise<readonly Result[]> =>
  inTemporaryDirectory(async (cache) => {
    const env = { NODE_COMPILE_CACHE: cache };
    const samples = await interleaved(15, {
      plan: async () => (await runToEnd({ argv: [process.execPath, subject], env })).ms,
      bare: async () => (await runToEnd({ argv: bareNode })).ms,
    });
    const peer = { name: 'node -e 0', sample: samples.bare };
    return [{ name: 'plan of a full installation', unit: 'ms', ours: samples.plan, peer, target: { limit: 500 } }];
  });
