import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { interleaved, runToEnd, timeToOutput } from './measure.ts';
import { bareNode, engineSetup, inTemporaryDirectory } from './program.ts';
import type { Result } from './result.ts';

/** Any prompt: a default in brackets, a colon, and the cursor behind it. */
const prompt = /\]: *$/;

/** How long a user waits for the first question: usually, and at the very first start, when nothing is compiled yet. */
export async function firstQuestion(): Promise<readonly Result[]> {
  const samples = await inTemporaryDirectory((directory) => {
    const cache = join(directory, 'cache');
    const env = { NODE_COMPILE_CACHE: cache };
    const ask = () => timeToOutput({ argv: [engineSetup, '--dialog=lines', `--root=${join(directory, 'root')}`], env }, prompt);
    const askFirst = async () => {
      await rm(cache, { recursive: true, force: true });
      return ask();
    };
    // The cold start fills the cache that the warm one then uses.
    return interleaved(10, { cold: askFirst, warm: ask, bare: async () => (await runToEnd({ argv: bareNode })).ms });
  });
  const peer = { name: 'node -e 0', sample: samples.bare };
  return [
    { name: 'first question', unit: 'ms', ours: samples.warm, peer, target: { limit: 400 } },
    { name: 'first question, very first start', unit: 'ms', ours: samples.cold, peer, target: { limit: 800 } },
  ];
}
