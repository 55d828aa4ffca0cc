import { type Problem, SetupError, message, textOfError } from '#kit';
import { formatSections } from './conf.ts';
import { nearestTitles } from './ignored.ts';
import { type AnswerFile, readAnswers } from './sources.ts';
import { type Ignored, type Statement, type Strength, flawAt, strengths } from './statement.ts';

/** The formats of answer files. */
export type Format = 'conf' | 'yaml';

/** The answers of one strength; of several files the last one counts. */
const ofStrength = (statements: readonly Statement[], strength: Strength): ReadonlyMap<string, unknown> =>
  new Map(statements.filter((one) => one.strength === strength).map(({ key, value }) => [key, value]));

/** What stands in sections that are not read, and would be lost. */
async function lost(ignored: readonly Ignored[]): Promise<readonly Problem[]> {
  if (ignored.length === 0) return [];
  const nearestTo = await nearestTitles();
  return ignored.map(({ key, place, section }) => {
    const nearest = nearestTo(section);
    return flawAt(place, message`stands in [${section}], which is not a section of answers`, {
      key,
      remedy: nearest === undefined ? 'Move it to [environment:default], or remove it.' : message`Did you mean ${nearest}?`,
    });
  });
}

/** What of some statements has no form in a format. */
function unwritable(statements: readonly Statement[], to: Format): readonly Problem[] {
  if (to === 'yaml') {
    return statements
      .filter(({ strength }) => strength !== 'default')
      .map(({ key, place, strength }) =>
        flawAt(place, message`YAML has no form for [environment:${strength}]`, {
          key,
          remedy: 'Move it to [environment:default], or keep the file as it is.',
        }),
      );
  }
  return statements.flatMap(({ key, value, place }) => {
    try {
      formatSections(new Map([['default', new Map([[key, value]])]]));
      return [];
    } catch (error) {
      return flawAt(place, textOfError(error), { key });
    }
  });
}

/** What a conversion gives. */
export interface Converted {
  readonly text: string;
  /** The keys that have a value in it. */
  readonly keys: readonly string[];
}

/**
 * Writes the answers of files in another format, or several files as one. Passwords stay, comments are lost.
 * Throws SetupError `refused` with everything that cannot be read or has no form in that format.
 */
export async function convert(files: readonly AnswerFile[], to: Format): Promise<Converted> {
  const readings = await Promise.all(files.map(readAnswers));
  const statements = readings.flatMap((reading) => reading.statements);
  const problems = [
    ...readings.flatMap((reading) => reading.problems),
    ...(await lost(readings.flatMap((reading) => reading.ignored))),
    ...unwritable(statements, to),
  ];
  if (problems.length > 0) throw new SetupError('refused', 'The answers cannot be converted', { problems });
  const sections = new Map(strengths.map((strength) => [strength, ofStrength(statements, strength)]));
  const keys = statements.filter(({ value }) => value !== undefined).map(({ key }) => key);
  if (to === 'conf') {
    const filled = [...sections].filter(([strength, answers]) => strength === 'default' || answers.size > 0);
    return { text: formatSections(new Map(filled)), keys };
  }
  const { formatYaml } = await import('./write-yaml.ts');
  return { text: formatYaml(sections.get('default') ?? new Map()), keys };
}
