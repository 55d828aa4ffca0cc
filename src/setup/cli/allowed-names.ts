import { type Plugin, SetupError, type Text, checks, message } from '#kit';
import { waivable } from '../answers/known.ts';
import { nearestAmong } from '../answers/unknown.ts';

/** Doubts about answers, which settings of ours raise themselves. */
const doubtsAboutAnswers: readonly string[] = ['OVESETUP_CONFIG_WEAK_ENGINE_PASSWORD', 'OVESETUP_DWH_VERIFY_NO_BACKUP', 'remote-host-key'];

const known: ReadonlySet<string> = new Set([...checks, ...doubtsAboutAnswers]);

/**
 * Looks at the names that `--allow` accepts. One that nobody knows would let a run fail that somebody has prepared for.
 * @param theirs plugins of third parties: with one of them an unknown name may be a doubt of its own, so it is only warned of
 * @returns the warnings
 * @throws SetupError `usage` with all unknown names
 */
export async function allowedNames(allowed: ReadonlySet<string>, theirs: readonly Plugin[]): Promise<readonly Text[]> {
  const unknown = [...allowed].filter((id) => !known.has(id));
  if (unknown.length === 0) return [];
  const nearestTo = await nearestAmong(known);
  const texts = unknown.map((id): Text => {
    const nearest = nearestTo(id);
    return nearest === undefined
      ? message`--allow=${id} names no doubt that is known`
      : message`--allow=${id} names no doubt that is known; did you mean ${nearest}?`;
  });
  if (theirs.length > 0) return texts;
  throw new SetupError('usage', 'Doubts that are not known cannot be accepted', {
    problems: texts.map((text) => ({ id: 'usage', level: 'error', message: text })),
    remedy: message`Known are ${[...waivable, ...doubtsAboutAnswers].join(', ')}.`,
  });
}
