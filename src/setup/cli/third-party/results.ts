import { type Plugin, SetupError, type Step, type Summary, type Text, chapters, message, summaryBlocks, term } from '#kit';

const allChapters: readonly string[] = Object.values(chapters).flat();
const allBlocks: readonly string[] = summaryBlocks;

const flawOfStep = (name: string, { id, chapter }: Step): Text | undefined => {
  if (!id.startsWith(`${name}/`)) return message`the id of its step ${id} does not begin with ${name}/`;
  return allChapters.includes(chapter) ? undefined : message`its step ${id} names the chapter ${chapter}, which there is not`;
};

const flawOfBlock = ({ block }: Summary): Text | undefined =>
  allBlocks.includes(block) ? undefined : message`its summary names the block ${block}, which there is not`;

/**
 * The plugin of a third party, whose results are looked at before they are used: what does not fit is refused in words that
 * name the plugin, and is no defect of this program.
 * @param path the file of the plugin
 */
export function withCheckedResults(plugin: Plugin, path: string): Plugin {
  const heed = <T>(results: readonly T[], flawOf: (result: T) => Text | undefined): readonly T[] => {
    const [flaw] = results.flatMap((result) => flawOf(result) ?? []);
    if (flaw === undefined) return results;
    throw new SetupError('refused', message`The plugin ${path} cannot be used: ${term(flaw)}`);
  };
  const { name, steps, summary } = plugin;
  return {
    ...plugin,
    ...(steps === undefined ? {} : { steps: (view) => heed(steps(view), (step) => flawOfStep(name, step)) }),
    ...(summary === undefined ? {} : { summary: async (view, host) => heed(await summary(view, host), flawOfBlock) }),
  };
}
