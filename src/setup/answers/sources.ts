import { distance } from 'fastest-levenshtein';
import { extname } from 'node:path';
import { type Given, type Problem, SetupError, type Sources, messageOf } from '#kit';
import { readConf } from './conf.ts';
import { type Reading, type Statement, type Strength } from './statement.ts';

/** A file as it was read from disk. */
export interface AnswerFile {
  readonly path: string;
  readonly text: string;
  /** The post-install file and its neighbours speak of the installation that is there; all others are given for this run. */
  readonly kept: boolean;
}

/** Who wins when several sources name the same key, strongest first. `kept` is the configuration of the installation itself. */
const precedence = ['enforce', 'override', 'init', 'command line', 'default', 'kept'] as const;
type Rank = (typeof precedence)[number];

const rankOf = (strength: Strength, kept: boolean): Rank => (strength === 'default' && kept ? 'kept' : strength);

async function readFile({ path, text }: AnswerFile): Promise<Reading> {
  if (!['.yaml', '.yml'].includes(extname(path))) return readConf(text, path);
  const { readYaml } = await import('./yaml.ts');
  return readYaml(text, path);
}

/**
 * Reads all answer files and the `KEY=VALUE` statements of the command line into one place to ask.
 * Of several files the last one that names a key counts. Throws SetupError `refused` with all problems together.
 */
export async function readSources(files: readonly AnswerFile[], commandLine: ReadonlyMap<string, string>): Promise<Sources> {
  const problems: Problem[] = [];
  const found = new Map<string, { rank: Rank; given: Given }>();
  const offer = (rank: Rank, given: Given): void => {
    const before = found.get(given.key);
    if (before === undefined || precedence.indexOf(rank) <= precedence.indexOf(before.rank)) found.set(given.key, { rank, given });
  };
  const take = ({ key, value, strength, where }: Statement, kept: boolean): void => {
    if (value !== undefined) offer(rankOf(strength, kept), { key, raw: value, origin: { kind: kept ? 'kept' : 'given', where } });
  };
  for (const file of files) {
    try {
      const reading = await readFile(file);
      problems.push(...reading.problems);
      for (const statement of reading.statements) take(statement, file.kept);
    } catch (error) {
      problems.push({ id: 'answer-file', level: 'error', message: `${file.path}: ${messageOf(error)}` });
    }
  }
  for (const [key, raw] of commandLine) offer('command line', { key, raw, origin: { kind: 'given', where: '--set' } });
  if (problems.length > 0) throw new SetupError('refused', 'An answer file cannot be used', { problems });
  return { find: (key) => found.get(key)?.given, keys: () => [...found.keys()] };
}

/** Classic files whose last line has no end: their last answer may be cut off, and nothing else would show it. */
export const withoutEnd = (files: readonly AnswerFile[]): readonly string[] =>
  files
    .filter(({ path, text }) => !['.yaml', '.yml'].includes(extname(path)) && text !== '' && !text.endsWith('\n'))
    .map(
      ({ path, text }) =>
        `${path}:${text.split('\n').length}: the last line has no end. Is the file cut off here? If not, end it with a line break`,
    );

/** Keys that no setting knows, each with the nearest one that is known. They warn; they never block. */
export function unknownKeys(sources: Sources, known: ReadonlySet<string>): readonly string[] {
  return sources
    .keys()
    .filter((key) => !known.has(key) && !key.startsWith('QUESTION/') && !key.startsWith('OVESETUP_CORE/'))
    .map((key) => {
      const where = sources.find(key)?.origin.where ?? '';
      const [nearest] = [...known]
        .map((candidate) => ({ candidate, far: distance(key.toLowerCase(), candidate.toLowerCase()) }))
        .sort((a, b) => a.far - b.far);
      const hint = nearest !== undefined && nearest.far <= 6 ? `; did you mean ${nearest.candidate}?` : '';
      return `${where}: ${key} is not known and has no effect${hint}`;
    });
}
