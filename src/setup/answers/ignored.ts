import { type Text, message } from '#kit';
import { type Ignored, sayPlace, strengths } from './statement.ts';
import { nearestAmong } from './unknown.ts';

/*
 * Statements in sections that are not read. Whoever misspelt a title has to be told: all that stands below it has no effect.
 */

const titleOf = (section: string): string => `[environment:${section}]`;

/** Loads the search for the title that was most likely meant by the name of a section. */
export async function nearestTitles(): Promise<(section: string) => string | undefined> {
  const nearestTo = await nearestAmong(strengths);
  return (section) => {
    const nearest = nearestTo(section.trim().split(/\W+/).at(-1) ?? '');
    return nearest === undefined ? undefined : titleOf(nearest);
  };
}

/** One warning for each section that is not read. */
export async function sectionNotes(ignored: readonly Ignored[]): Promise<readonly Text[]> {
  if (ignored.length === 0) return [];
  const nearestTo = await nearestTitles();
  const sections = Map.groupBy(ignored, ({ from }) => from.line);
  return [...sections.values()].flatMap(([first]) => {
    if (first === undefined) return [];
    const { section, from } = first;
    const nearest = nearestTo(section);
    const where = sayPlace(from);
    return nearest === undefined
      ? message`${where}: the section [${section}] is not read, and nothing in it has an effect`
      : message`${where}: the section [${section}] is not read, and nothing in it has an effect; did you mean ${nearest}?`;
  });
}

/** Why a statement has no effect there. */
export const whyIgnored = ({ section }: Ignored): Text =>
  message`The section [${section}] is not read: answers stand in ${titleOf('default')}, or in one of init, override and enforce.`;

/** What the original makes of it, where that is something else: its reader takes `[DEFAULT]` for a part of every section. */
export const originalOfIgnored = ({ section }: Ignored): Text | undefined =>
  section === 'DEFAULT' ? 'reads it as a part of every section' : undefined;
