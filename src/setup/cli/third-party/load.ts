import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isPromise } from 'node:util/types';
import type * as Kit from '#kit';
import { type Plugin, type Problem, type Setting, SetupError, type Text, message, messageOf, term } from '#kit';
import type * as Steps from '#steps';
import { defaultOf } from './default-of.ts';
import { namesOf } from './names.ts';
import { withPlace } from './place.ts';
import { withCheckedResults } from './results.ts';
import { flawsOf } from './shape.ts';
import { flawsOfTrust } from './trust.ts';

/** Where plugins of third parties lie, below the root in use. */
export const pluginDirectory = ['usr', 'share', 'ovirt-engine-setup', 'plugins'] as const;

/** What the file of a plugin exports by default. */
export type PluginMaker = (
  kit: typeof Kit,
  steps: typeof Steps,
  /** The setting of a key, of ours or of a plugin that was loaded before, to read its answer with `view.get`. */
  known: (key: string) => Setting<unknown>,
) => Plugin;

const endings = ['.ts', '.js', '.mjs'];

/** The file of a plugin: itself, or the index of its folder; undefined for what is none. */
function fileOf(path: string): string | undefined {
  if (!lstatSync(path).isDirectory()) return endings.some((ending) => path.endsWith(ending)) ? path : undefined;
  const names = endings.map((ending) => `index${ending}`);
  const index = readdirSync(path).find((name) => names.includes(name));
  if (index !== undefined) return join(path, index);
  throw new SetupError('refused', message`The plugin ${path} has no index: ${names.join(', ')}`, {
    remedy: 'Put its index there, or move the folder away.',
  });
}

/** The files of all plugins. */
function files(root: string): readonly string[] {
  const directory = join(root, ...pluginDirectory);
  try {
    if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return [];
    const flaws = flawsOfTrust(root, pluginDirectory);
    if (flaws.length > 0)
      throw new SetupError('refused', message`The plugins in ${directory} cannot be trusted, so none was loaded`, { problems: flaws });
    const names = readdirSync(directory).filter((name) => !/^[._]/.test(name));
    return names.sort().flatMap((name) => fileOf(join(directory, name)) ?? []);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError('refused', message`The plugins in ${directory} cannot be read: ${messageOf(error)}`, {
      remedy: 'Correct the permissions on the way to it, or move it away.',
    });
  }
}

const problem = (path: string, why: Text): Problem => ({
  id: 'plugins',
  level: 'error',
  message: message`The plugin ${path} cannot be used: ${term(why)}`,
});

/** The kit for a plugin: its settings stay open until they are guarded. */
async function kitForOthers(): Promise<typeof Kit> {
  return { ...(await import('#kit')), setting: (setting) => setting };
}

/** Loads one file and has it make its plugin. Returns what is wrong with it, too. */
async function load(path: string, before: readonly Plugin[]): Promise<Plugin | readonly Text[]> {
  try {
    const make = await defaultOf(path);
    if (typeof make !== 'function') return ['it does not export a function by default'];
    const settings = before.flatMap((plugin) => plugin.settings ?? []);
    const known = (key: string): Setting<unknown> => {
      const found = settings.find((setting) => setting.key === key);
      if (found === undefined) throw new Error(`there is no setting ${key}`);
      return found;
    };
    const made: unknown = (make as PluginMaker)(await kitForOthers(), await import('#steps'), known);
    if (isPromise(made)) {
      // What it fails with is beside the point.
      made.catch(() => undefined);
      return ['its function returns a promise: it may not be async'];
    }
    const flaws = flawsOf(made, namesOf(before));
    return flaws.length > 0 ? flaws : withCheckedResults(made as Plugin, path);
  } catch (error) {
    return [error instanceof SetupError ? error.text : withPlace(error, path)];
  }
}

/**
 * Loads the plugins of third parties, in the order of their names: files, and folders with an index, ending in .ts, .js or .mjs.
 * Names that begin with a dot or an underscore are passed over.
 * @param root the root in use; nothing outside of it is looked at
 * @param ours the plugins that are there already
 * @throws SetupError `refused` with all plugins that cannot be trusted, or else with all that cannot be used
 */
export async function thirdPartyPlugins(root: string, ours: readonly Plugin[]): Promise<readonly Plugin[]> {
  const loaded: Plugin[] = [];
  const problems: Problem[] = [];
  for (const path of files(root)) {
    const plugin = await load(path, [...ours, ...loaded]);
    if ('name' in plugin) loaded.push(plugin);
    else problems.push(...plugin.map((why) => problem(path, why)));
  }
  if (problems.length > 0) throw new SetupError('refused', 'Plugins of third parties cannot be used', { problems });
  return loaded;
}
