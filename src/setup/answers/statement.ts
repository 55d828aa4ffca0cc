import type { Problem } from '../kit/errors.ts';
import { type Text, message, term } from '../kit/text.ts';

/** The sections of an answer file, by how strong their statements are. `default` yields to everything, `enforce` to nothing. */
export const strengths = ['default', 'init', 'override', 'enforce'] as const;
export type Strength = (typeof strengths)[number];

/** A place in an answer file. Only YAML has columns: in a classic file a line holds one statement. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/** `file:line`, or `file:line:column` */
export const sayPlace = ({ file, line, column }: Place): string => `${file}:${line}${column === undefined ? '' : `:${column}`}`;

/** One `key = value` of an answer file, typed but not yet judged by the setting it belongs to. */
export interface Statement {
  readonly key: string;
  /** undefined: the file says "none", which counts as not given, whatever weaker places say. */
  readonly value: unknown;
  readonly strength: Strength;
  readonly place: Place;
  /** What the original engine-setup makes of it, where that is something else. Never holds the value. */
  readonly original?: Text;
}

/** What is wrong at a place of an answer file: a problem that still knows its place and key. */
export interface Flaw extends Problem {
  readonly place: Place;
  /** What is wrong, without place and key. */
  readonly what: Text;
  readonly key?: string;
  /** What would be read in its place. */
  readonly expected?: Text;
  readonly original?: Text;
}

/** What is odd at a place of an answer file, and harmless. */
export interface Note {
  readonly place: Place;
  /** What is odd, without place and key. */
  readonly what: Text;
  /** The same with them. */
  readonly message: Text;
}

/** A statement in a section that is not read. */
export interface Ignored {
  readonly key: string;
  readonly place: Place;
  /** The title of the section, without brackets. */
  readonly section: string;
  /** Where the section begins. */
  readonly from: Place;
}

/** What reading one file gave. Flaws are collected, so that all of them are shown together. */
export interface Reading {
  readonly statements: readonly Statement[];
  readonly problems: readonly Flaw[];
  readonly notes: readonly Note[];
  readonly ignored: readonly Ignored[];
  /** Keys that are answered in a form which cannot be read. Not for people: of a damaged line this may be any part. */
  readonly flawed: readonly Pick<Statement, 'key' | 'strength'>[];
  /** Where a part of the file could not be read at all: any answer may stand in it. */
  readonly partial?: boolean;
}

/** A note at a place. The text must not hold the value: it may be a secret. */
export const noteAt = (place: Place, what: Text, key?: string): Note => {
  const where = key === undefined ? sayPlace(place) : `${sayPlace(place)}: ${key}`;
  return { place, what, message: message`${where}: ${term(what)}` };
};

/** A flaw at a place. The text must not hold the value: it may be a secret. */
export const flawAt = (place: Place, what: Text, more: Partial<Pick<Flaw, 'remedy' | 'key' | 'expected' | 'original'>> = {}): Flaw => ({
  id: 'answer-file',
  level: 'error',
  ...noteAt(place, what, more.key),
  ...more,
});

/** What the original makes of a file that it refuses. */
export const refusesTheFile: Text = 'refuses the whole file';
