import { extname } from 'node:path';
import { type Given, type Problem, SetupError, type Sources, type Text, message } from '#kit';
import { readConf } from './conf.ts';
import { sectionNotes } from './ignored.ts';
import { type Rank, rankOf, strongest } from './precedence.ts';
import { type Reading, flawAt, sayPlace } from './statement.ts';

/** A file as it was read from disk. */
export interface AnswerFile {
  readonly path: string;
  readonly text: string;
  /** The post-install file and its neighbours speak of the installation that is there; all others are given for this run. */
  readonly kept: boolean;
}

/** What all sources say, with what is odd about them and harmless. */
export interface ReadSources extends Sources {
  readonly notes: readonly Text[];
}

/** Whether a file holds answers in YAML, by its name; all others are classic files. */
export const isYaml = (path: string): boolean => ['.yaml', '.yml'].includes(extname(path).toLowerCase());

/** Reads one answer file. Never throws: what is wrong is in the reading. */
export async function readAnswers({ path, text }: Pick<AnswerFile, 'path' | 'text'>): Promise<Reading> {
  if (!isYaml(path)) return readConf(text, path);
  // The parser of YAML is large.
  const { readYaml } = await import('./yaml.ts');
  try {
    return readYaml(text, path);
  } catch {
    // The parser gives up on what is nested without end, or too long, in words about itself.
    const problems = [flawAt({ file: path, line: 1 }, 'cannot be read as YAML')];
    return { statements: [], problems, notes: [], ignored: [] };
  }
}

/** One answer of the command line. */
export interface CommandLineAnswer {
  readonly key: string;
  /** undefined: there is no answer, whatever weaker sources say. */
  readonly value: unknown;
  /** The option that says so: shown with every complaint about it. */
  readonly where: string;
}

/** Nobody reads more than this of one file. */
const shown = 100;

/** As much of a list as people read, and in place of the others how many there are. */
export function bounded<T>(all: readonly T[], more: (count: number, first: T) => T): readonly T[] {
  const next = all[shown];
  return next === undefined ? all : [...all.slice(0, shown), more(all.length - shown, next)];
}

/**
 * Reads all answer files and the statements of the command line into one place to ask.
 * Of several files the last one that names a key counts, even if it says none. Throws SetupError `refused` with all problems together.
 */
export async function readSources(files: readonly AnswerFile[], commandLine: readonly CommandLineAnswer[] = []): Promise<ReadSources> {
  const problems: Problem[] = [];
  const notes: Text[] = [];
  const claims: { readonly key: string; readonly rank: Rank; readonly given: Given | undefined }[] = [];
  for (const { path, text, kept } of files) {
    const reading = await readAnswers({ path, text });
    problems.push(
      ...bounded<Problem>(reading.problems, (count) => ({
        id: 'answer-file',
        level: 'error',
        message: message`${path}: ${count} more problems`,
      })),
    );
    notes.push(
      ...bounded<Text>(
        [...reading.notes.map((note) => note.message), ...(await sectionNotes(reading.ignored))],
        (count) => message`${path}: ${count} more notes of this kind`,
      ),
    );
    for (const { key, value, strength, place } of reading.statements) {
      const given: Given = { key, raw: value, origin: { kind: kept ? 'kept' : 'given', where: sayPlace(place) } };
      // None takes back what weaker places and earlier files say.
      claims.push({ key, rank: rankOf(strength, kept), given: value === undefined ? undefined : given });
    }
  }
  for (const { key, value, where } of commandLine) {
    const given: Given | undefined = value === undefined ? undefined : { key, raw: value, origin: { kind: 'given', where } };
    claims.push({ key, rank: 'command line', given });
  }
  if (problems.length > 0) throw new SetupError('refused', 'An answer file cannot be used', { problems });
  const found = new Map([...strongest(claims)].flatMap(([key, { given }]) => (given === undefined ? [] : [[key, given] as const])));
  return { find: (key) => found.get(key), keys: () => [...found.keys()], notes };
}
