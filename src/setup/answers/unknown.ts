import { type Sources, type Text, message } from '#kit';
import { whyNoEffect, whyNotAsked } from './known.ts';
import { questionIn, questionsWithoutSetting } from './meaning.ts';

/** Finds the name that somebody most likely meant; undefined where none is near. */
export type Nearest = (name: string) => string | undefined;

/** Further away than this many letters, a name is no hint. */
const farthest = 6;

/** Loads the measure of distance and gives the search among some names. */
export async function nearestAmong(names: Iterable<string>): Promise<Nearest> {
  const { distance } = await import('fastest-levenshtein');
  const candidates = [...new Set(names)].map((name) => ({ name, lower: name.toLowerCase() }));
  return (name) => {
    const wanted = name.toLowerCase();
    let nearest: string | undefined;
    let far = Math.min(farthest, Math.floor(name.length / 3)) + 1;
    for (const candidate of candidates) {
      // The difference in length is the least that can come out, and much cheaper.
      if (Math.abs(candidate.lower.length - wanted.length) >= far) continue;
      const distanceToIt = distance(wanted, candidate.lower);
      if (distanceToIt < far) [nearest, far] = [candidate.name, distanceToIt];
    }
    return nearest;
  };
}

/** Nobody reads more warnings of one kind than this. */
const shown = 50;

/**
 * Keys that nobody knows, each with the nearest one that is known. They warn; they never block.
 * @param known keys of settings
 * @param asked names of their questions; replies are not looked at without them
 */
export async function unknownKeys(sources: Sources, known: ReadonlySet<string>, asked?: ReadonlySet<string>): Promise<readonly Text[]> {
  const isKnown = (key: string): boolean => {
    if (known.has(key) || whyNoEffect(key) !== undefined) return true;
    if (!key.startsWith('QUESTION/')) return false;
    if (asked === undefined) return true;
    const name = questionIn(key)?.name;
    return name !== undefined && (asked.has(name) || questionsWithoutSetting.has(name) || whyNotAsked(name) !== undefined);
  };
  const unknown = sources.keys().filter((key) => !isKnown(key));
  if (unknown.length === 0) return [];
  const names = [...(asked ?? []), ...questionsWithoutSetting.keys()];
  const nearestTo = await nearestAmong([...known, ...names.map((name) => `QUESTION/1/${name}`)]);
  const warnings = unknown.slice(0, shown).map((key) => {
    const where = sources.find(key)?.origin.where ?? '';
    const nearest = nearestTo(key);
    return nearest === undefined
      ? message`${where}: ${key} is not known and has no effect`
      : message`${where}: ${key} is not known and has no effect; did you mean ${nearest}?`;
  });
  const more = unknown.length - warnings.length;
  return more === 0 ? warnings : [...warnings, message`${more} more keys are not known and have no effect`];
}
