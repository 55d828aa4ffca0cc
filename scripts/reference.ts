import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { plugins } from '../plugins/index.ts';
import { inOrder } from '../src/setup/core/ask.ts';
import { confirmSettings } from '../src/setup/core/confirm.ts';
import { answersPage } from './reference-page.ts';
import { answersSchema } from './reference-schema.ts';

/*
 * `npm run docs`: writes the reference of answer files from the declarations, as a page and as a schema.
 * A test sees to it that both are current.
 */

const pathOf = (name: string): string => fileURLToPath(new URL(`../docs/${name}`, import.meta.url));

/** The generated files by their paths, in the format that the repository wants. */
export async function referenceFiles(): Promise<ReadonlyMap<string, string>> {
  const settings = inOrder([...plugins.flatMap((plugin) => plugin.settings ?? []), confirmSettings]);
  const texts = new Map([
    [pathOf('answers.md'), answersPage(settings, plugins)],
    [pathOf('answers.schema.json'), JSON.stringify(answersSchema(settings))],
  ]);
  const formatted = [...texts].map(
    async ([path, text]) => [path, await format(text, { ...(await resolveConfig(path)), filepath: path })] as const,
  );
  return new Map(await Promise.all(formatted));
}

if (import.meta.main) {
  for (const [path, text] of await referenceFiles()) {
    if ((await readFile(path, 'utf8').catch(() => '')) !== text) await writeFile(path, text);
  }
}
