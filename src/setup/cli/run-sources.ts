import { plugins as ours } from '../../../plugins/index.ts';
import { type Flaws, type Host, type Plugin, type Sources, type Text, inEnglish, message, term } from '#kit';
import { whyNoEffect } from '../answers/known.ts';
import { type AnswerFile, readSources } from '../answers/sources.ts';
import { unknownKeys } from '../answers/unknown.ts';
import { keysOf } from '../core/answers.ts';
import { confirmSettings } from '../core/confirm.ts';
import type { Input } from './input.ts';
import { keptFiles } from './kept-files.ts';

/** All answers of a run, with where they were read and what is odd about them. */
export interface RunSources {
  readonly sources: Sources;
  /** In the order they count. */
  readonly files: readonly string[];
  readonly warnings: readonly Text[];
}

const keysIn = (plugins: readonly Plugin[]): ReadonlySet<string> =>
  new Set([...plugins.flatMap(({ settings }) => settings ?? []), confirmSettings].flatMap(keysOf));

/** Names of the questions that settings are asked by. Doubts of third parties have names that nobody knows beforehand. */
const questionsIn = (plugins: readonly Plugin[]): ReadonlySet<string> | undefined =>
  plugins.some((plugin) => !ours.includes(plugin))
    ? undefined
    : new Set([...plugins.flatMap(({ settings }) => settings ?? []), confirmSettings].flatMap(({ ask }) => ask?.name ?? []));

/** Answers to the framework of the original, which have an option here: whoever gives one expects something of it. */
function misplaced(sources: Sources, known: ReadonlySet<string>): readonly Text[] {
  return sources.keys().flatMap((key) => {
    const given = sources.find(key);
    const why = whyNoEffect(key);
    if (given?.origin.kind !== 'given' || known.has(key) || why === undefined || !inEnglish(why).startsWith('Say --')) return [];
    return [message`${given.origin.where ?? ''}: ${key} has no effect. ${term(why)}`];
  });
}

interface Place {
  readonly host: Host;
  /** Whether `--config` stands instead of the configuration of the installation. */
  readonly withoutKept: boolean;
}

/** All answer files, in the order they count. */
const allFiles = async ({ files }: Input, { host, withoutKept }: Place): Promise<readonly AnswerFile[]> => [
  ...(withoutKept ? [] : await keptFiles(host)),
  ...files,
];

/** What of all answers cannot be read; undefined if nothing. */
export const flawsOf = async (input: Input, on: Place): Promise<Flaws | undefined> =>
  (await readSources(await allFiles(input, on), input.answers)).flaws;

/** Joins what was given for this run with the configuration of the installation. */
export async function runSources(input: Input, on: Place): Promise<RunSources> {
  const files = await allFiles(input, on);
  const sources = await readSources(files, input.answers);
  const known = keysIn(input.plugins);
  const warnings = [...sources.notes, ...misplaced(sources, known), ...(await unknownKeys(sources, known, questionsIn(input.plugins)))];
  return { sources, files: files.map(({ path }) => path), warnings };
}
