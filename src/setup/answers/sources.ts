import { extname } from 'node:path';
import { type Given, type Problem, type Sources, type Text, message } from '#kit';
import { readConf } from './conf.ts';
import { sectionNotes } from './ignored.ts';
import { type Rank, rankOf, strongest } from './precedence.ts';
import { type Place, type Reading, flawAt, sayPlace } from './statement.ts';

/** A file as it was read from disk. */
export interface AnswerFile {
  readonly path: string;
  readonly text: string;
  /** The post-install file and its neighbours speak of the installation that is there; all others are given for this run. */
  readonly kept: boolean;
  /** Why it could not be read from disk; the text is then empty. */
  readonly unread?: Problem;
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
    return { statements: [], problems, notes: [], ignored: [], flawed: [], partial: true };
  }
}

/** One answer of the command line. */
export interface CommandLineAnswer {
  readonly key: string;
  /** undefined: there is no answer, whatever weaker sources say. */
  readonly value: unknown;
  /** The option that says so: shown with every complaint about it. */
  readonly where: string;
  /** Why the value cannot be read from where it stands. */
  readonly flaw?: Problem;
}

/** Nobody reads more than this of one file. */
const shown = 100;

/** As much of a list as people read, and in place of the others how many there are. */
export function bounded<T>(all: readonly T[], more: (count: number, first: T) => T): readonly T[] {
  const next = all[shown];
  return next === undefined ? all : [...all.slice(0, shown), more(all.length - shown, next)];
}

/** What stands in one place about one key. */
interface Claim {
  readonly key: string;
  readonly rank: Rank;
  /** undefined: there is no answer, or none that can be read. */
  readonly given?: Given;
  readonly flawed?: true;
}

/** What one file claims. What cannot be read claims its keys all the same, and counts before what the file says of them elsewhere. */
function claimsIn({ statements, flawed }: Reading, kept: boolean): readonly Claim[] {
  const origin = (place: Place): Given['origin'] => ({ kind: kept ? 'kept' : 'given', where: sayPlace(place) });
  return [
    ...statements.map(({ key, value, strength, place }): Claim => {
      const rank = rankOf(strength, kept);
      // None takes back what weaker places and earlier files say.
      return value === undefined ? { key, rank } : { key, rank, given: { key, raw: value, origin: origin(place) } };
    }),
    ...flawed.map(({ key, strength }): Claim => ({ key, rank: rankOf(strength, kept), flawed: true })),
  ];
}

function claimOf({ key, value, where, flaw }: CommandLineAnswer): Claim {
  const rank = 'command line';
  if (flaw !== undefined) return { key, rank, flawed: true };
  return value === undefined ? { key, rank } : { key, rank, given: { key, raw: value, origin: { kind: 'given', where } } };
}

const inFile = (text: Text): Problem => ({ id: 'answer-file', level: 'error', message: text });

/** Said once for files that cannot be read as a whole, in place of all the answers that they may hold. */
const unjudged = (paths: readonly string[]): Problem =>
  inFile(message`Which answers are missing cannot be told, because not all of ${[...new Set(paths)].join(', ')} could be read`);

/**
 * Reads all answer files and the statements of the command line into one place to ask.
 * Of several files the last one that names a key counts, even if it says none. Never throws: what cannot be read is in the flaws.
 */
export async function readSources(files: readonly AnswerFile[], commandLine: readonly CommandLineAnswer[] = []): Promise<ReadSources> {
  const problems: Problem[] = [];
  const notes: Text[] = [];
  const claims: Claim[] = [];
  const partly: string[] = [];
  for (const { path, text, kept, unread } of files) {
    if (unread !== undefined) {
      problems.push(unread);
      partly.push(path);
      continue;
    }
    const reading = await readAnswers({ path, text });
    problems.push(...bounded<Problem>(reading.problems, (count) => inFile(message`${path}: ${count} more problems`)));
    notes.push(
      ...bounded<Text>(
        [...reading.notes.map((note) => note.message), ...(await sectionNotes(reading.ignored))],
        (count) => message`${path}: ${count} more notes of this kind`,
      ),
    );
    if (reading.partial === true) partly.push(path);
    for (const claim of claimsIn(reading, kept)) claims.push(claim);
  }
  problems.push(...commandLine.flatMap(({ flaw }) => flaw ?? []));
  const winners = strongest([...claims, ...commandLine.map(claimOf)]);
  const found = new Map([...winners].flatMap(([key, { given }]) => (given === undefined ? [] : [[key, given] as const])));
  const hold = (key: string): boolean => winners.get(key)?.flawed ?? (partly.length > 0 && !winners.has(key));
  return {
    find: (key) => found.get(key),
    keys: () => [...found.keys()],
    notes,
    ...(problems.length === 0 ? {} : { flaws: { problems, hold, ...(partly.length === 0 ? {} : { unjudged: unjudged(partly) }) } }),
  };
}
