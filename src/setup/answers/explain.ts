import { type Text, message } from '#kit';
import { nearestTitles, originalOfIgnored, whyIgnored } from './ignored.ts';
import { type Judgement, judge } from './judge.ts';
import { type Answerable, type Meaning, meanings, namesAmong } from './meaning.ts';
import { rankOf, strongest } from './precedence.ts';
import { type AnswerFile, bounded, isYaml, readAnswers } from './sources.ts';
import { type Flaw, type Ignored, type Place, type Reading, type Statement, sayPlace } from './statement.ts';
import { nearestAmong } from './unknown.ts';

/** What one statement of an answer file comes to. Part of the interface: `answers explain --json` prints these, in English. */
export interface Explanation extends Place, Judgement {
  /** Empty where a line cannot even be read that far. */
  readonly key: string;
  /** The key that was most likely meant. */
  readonly nearest?: string;
  /** Where a later or stronger statement stands that counts instead. */
  readonly overridden?: string;
  /** What is odd about it, and harmless. */
  readonly note?: Text;
}

/** Tells which other statement counts instead of one, where several speak of the same thing. */
function rivals(readings: readonly (Reading & AnswerFile)[], meaningOf: (key: string) => Meaning) {
  const winners = strongest(
    readings.flatMap(({ statements, kept }) =>
      statements.map((statement) => ({ key: statement.key, rank: rankOf(statement.strength, kept), statement })),
    ),
  );
  /** The statement that settles a setting: under its own key before a former one. */
  const settling = ({ key, formerly = [] }: Answerable): Statement | undefined =>
    [key, ...formerly].map((one) => winners.get(one)?.statement).find((one) => one?.value !== undefined);

  return (statement: Statement): Statement | undefined => {
    const meaning = meaningOf(statement.key);
    const speaksOfSetting = statement.value !== undefined && (meaning.of === 'setting' || meaning.of === 'question');
    const setting = speaksOfSetting ? meaning.setting : undefined;
    const winner = (setting === undefined ? undefined : settling(setting)) ?? winners.get(statement.key)?.statement;
    // Two equal statements in one section do not stand in each other's way.
    const same = winner?.key === statement.key && winner.place.file === statement.place.file && winner.strength === statement.strength;
    return same ? undefined : winner;
  };
}

const byPlace = (a: Place, b: Place): number => a.line - b.line || (a.column ?? 0) - (b.column ?? 0);

const ofFlaw = ({ place, key = '', what, expected, original }: Flaw): Explanation => ({
  ...place,
  key,
  status: 'bad-value',
  ...(expected === undefined ? {} : { expected }),
  reason: what,
  ...(original === undefined ? {} : { original }),
});

/** What keeps a file from being read, in as many entries as people read. */
const ofFlaws = (problems: readonly Flaw[]): readonly Explanation[] =>
  bounded<Explanation>(problems.map(ofFlaw).sort(byPlace), (count, { file, line, column }) => ({
    file,
    line,
    ...(column === undefined ? {} : { column }),
    key: '',
    status: 'bad-value',
    reason: message`${count} more problems`,
  }));

const ofIgnored = (ignored: Ignored, nearest: string | undefined): Explanation => {
  const original = originalOfIgnored(ignored);
  return {
    ...ignored.place,
    key: ignored.key,
    status: 'no-effect',
    reason: whyIgnored(ignored),
    ...(nearest === undefined ? {} : { nearest }),
    ...(original === undefined ? {} : { original }),
  };
};

/** Explains every statement of answer files, in their order, as a run that is given just these files would take them. */
export async function explain(files: readonly AnswerFile[], settings: readonly Answerable[]): Promise<readonly Explanation[]> {
  const readings = await Promise.all(files.map(async (file) => ({ ...file, ...(await readAnswers(file)) })));
  const meaningOf = meanings(settings);
  const rivalOf = rivals(readings, meaningOf);
  const unknown = readings.some(({ statements }) => statements.some(({ key }) => meaningOf(key).of === 'unknown'));
  const titleNear = readings.some(({ ignored }) => ignored.length > 0) ? await nearestTitles() : () => undefined;
  const nearestTo = unknown ? await nearestAmong(namesAmong(settings)) : () => undefined;

  const ofStatement = (statement: Statement): Explanation => {
    const { key, value, place } = statement;
    const judgement = judge(meaningOf(key), value);
    const original = isYaml(place.file) ? undefined : (statement.original ?? judgement.original);
    const rival = rivalOf(statement);
    const nearest = judgement.status === 'unknown' ? nearestTo(key) : undefined;
    const { original: _, ...rest } = judgement;
    return {
      ...place,
      key,
      ...rest,
      ...(nearest === undefined ? {} : { nearest }),
      ...(original === undefined ? {} : { original }),
      ...(rival === undefined ? {} : { overridden: sayPlace(rival.place) }),
    };
  };
  return readings.flatMap(({ statements, problems, notes, ignored }) => {
    const unread = ignored.map((one) => ofIgnored(one, titleNear(one.section)));
    const entries = [...statements.map(ofStatement), ...unread, ...ofFlaws(problems)].sort(byPlace);
    const oddities = new Map(notes.map(({ place, what }) => [place.line, what]));
    return entries.map((entry): Explanation => {
      const note = oddities.get(entry.line);
      return note === undefined ? entry : { ...entry, note };
    });
  });
}
