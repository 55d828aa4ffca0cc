import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSources } from '../src/setup/answers/sources.ts';
import { interleaved, runToEnd, timed } from './measure.ts';
import { bareNode, engineSetup, inTemporaryDirectory } from './program.ts';
import type { Result } from './result.ts';

/** A classic answer file with so many keys, most of which nobody knows. */
const fileOf = (keys: number): string =>
  ['[environment:default]', ...Array.from({ length: keys }, (_, index) => `OVESETUP_CONFIG/key${index}=str:value ${index}`), ''].join('\n');

/** What the classic wizard reads answer files with. */
const configparser = (path: string): readonly [string, ...string[]] => [
  'python3',
  '-c',
  'import configparser, sys\np = configparser.RawConfigParser()\np.optionxform = str\np.read(sys.argv[1])\nassert len(p["environment:default"]) >= 100',
  path,
];

/** How long answer files keep their users waiting. */
export async function answers(): Promise<readonly Result[]> {
  return inTemporaryDirectory(async (directory) => {
    const [hundred, many] = [join(directory, 'hundred.conf'), join(directory, 'many.conf')];
    const text = fileOf(10_000);
    await writeFile(hundred, fileOf(100));
    await writeFile(many, text);
    const env = { NODE_COMPILE_CACHE: join(directory, 'cache') };
    const samples = await interleaved(15, {
      explain: async () => (await runToEnd({ argv: [engineSetup, 'answers', 'explain', hundred], env })).ms,
      bare: async () => (await runToEnd({ argv: bareNode })).ms,
      read: () => timed(() => readSources([{ path: many, text, kept: false }], [])),
      python: async () => (await runToEnd({ argv: configparser(many) })).ms,
    });
    return [
      {
        name: 'answers explain, 100 keys',
        unit: 'ms',
        ours: samples.explain,
        peer: { name: 'node -e 0', sample: samples.bare },
        target: { limit: 250 },
      },
      {
        name: 'reading 10,000 keys',
        unit: 'ms',
        ours: samples.read,
        peer: { name: "python3's configparser, started for it", sample: samples.python },
        target: { limit: 500 },
      },
    ];
  });
}
