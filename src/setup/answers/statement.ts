import type { Problem } from '../kit/errors.ts';

/** The sections of an answer file, by how strong their statements are. `default` yields to everything, `enforce` to nothing. */
export const strengths = ['default', 'init', 'override', 'enforce'] as const;
export type Strength = (typeof strengths)[number];

/** One `key = value` of an answer file, typed but not yet judged by the setting it belongs to. */
export interface Statement {
  readonly key: string;
  /** undefined: the file says "none", which counts as not given. */
  readonly value: unknown;
  readonly strength: Strength;
  /** 'file:line' */
  readonly where: string;
}

/** What reading one file gave. Problems are collected, so that all of them are shown together. */
export interface Reading {
  readonly statements: readonly Statement[];
  readonly problems: readonly Problem[];
}

/** A problem at a place in an answer file. */
export const problemAt = (where: string, message: string, remedy?: string): Problem => ({
  id: 'answer-file',
  level: 'error',
  message: `${where}: ${message}`,
  ...(remedy === undefined ? {} : { remedy }),
});
