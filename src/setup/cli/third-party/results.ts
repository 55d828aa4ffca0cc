import { isPromise } from 'node:util/types';
import { type Plugin, SetupError, type Step, type Text, chapters, message, summaryBlocks, term } from '#kit';
import type { AnySetting } from '../../core/answers.ts';
import { withGuards } from './guard.ts';
import { isObject } from './shape.ts';

const allChapters: readonly string[] = Object.values(chapters).flat();
const allBlocks: readonly string[] = summaryBlocks;

const flawOfStep = (name: string, step: unknown): Text | undefined => {
  if (!isObject(step) || typeof step['id'] !== 'string') return 'one of its steps is none: it has no id';
  const { id, chapter } = step as unknown as Step;
  if (!id.startsWith(`${name}/`)) return message`the id of its step ${id} does not begin with ${name}/`;
  return allChapters.includes(chapter) ? undefined : message`its step ${id} names the chapter ${chapter}, which there is not`;
};

const flawOfSummary = (summary: unknown): Text | undefined => {
  if (!isObject(summary) || !Array.isArray(summary['lines'])) return 'one part of its summary is none: it has no lines';
  const block = String(summary['block']);
  return allBlocks.includes(block) ? undefined : message`its summary names the block ${block}, which there is not`;
};

const unflawed = (): undefined => undefined;
const ignore = (): void => undefined;

/** In its place: the functions of the plugin read the answer to a setting by the very object. */
function guardSetting(setting: AnySetting, path: string): void {
  const { key, ask } = setting;
  const guards = withGuards(setting, ` of ${key}`, path);
  Object.assign(setting, guards, ask === undefined ? {} : { ask: withGuards(ask, ` of the question of ${key}`, path) });
  Object.freeze(setting);
}

/**
 * The plugin of a third party, whose results are looked at before they are used: what does not fit is refused in words that
 * name the plugin, and is no defect of this program. So is what its functions throw. Its settings are frozen.
 * @param path the file of the plugin
 */
export function withCheckedResults(plugin: Plugin, path: string): Plugin {
  const refuse = (flaw: Text): never => {
    throw new SetupError('refused', message`The plugin ${path} cannot be used: ${term(flaw)}`);
  };
  const heed = <T>(member: string, results: readonly T[], flawOf: (result: unknown) => Text | undefined): readonly T[] => {
    const found: unknown = results;
    // Nobody waits for a promise here, so when it fails that must not end the program.
    if (isPromise(found)) found.catch(ignore);
    if (!Array.isArray(found)) return refuse(message`its function ${member} returns no list`);
    const [flaw] = results.flatMap((result) => flawOf(result) ?? []);
    return flaw === undefined ? results : refuse(flaw);
  };
  const guards = withGuards(plugin, '', path);
  const { name, facts, settings, preflight, steps, health, summary } = guards;
  for (const setting of settings ?? []) guardSetting(setting, path);
  return {
    ...guards,
    ...(facts === undefined ? {} : { facts: facts.map((fact) => withGuards(fact, ` of the fact ${fact.id}`, path)) }),
    ...(preflight === undefined ? {} : { preflight: async (view, host) => heed('preflight', await preflight(view, host), unflawed) }),
    ...(steps === undefined ? {} : { steps: (view) => heed('steps', steps(view), (step) => flawOfStep(name, step)) }),
    ...(health === undefined ? {} : { health: (view) => heed('health', health(view), unflawed) }),
    ...(summary === undefined ? {} : { summary: async (view, host) => heed('summary', await summary(view, host), flawOfSummary) }),
  };
}
