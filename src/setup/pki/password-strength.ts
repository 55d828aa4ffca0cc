import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';
import type { Text } from '../kit/text.ts';

const reasons: Readonly<Record<string, Text>> = {
  topTen: 'it is one of the ten most used passwords',
  topHundred: 'it is one of the hundred most used passwords',
  common: 'it is a very common password',
  similarToCommon: 'it is similar to a common password',
  wordByItself: 'it is a single word',
  namesByThemselves: 'it is a name',
  commonNames: 'it is a common name',
  userInputs: 'it contains a word that belongs to this installation',
  straightRow: 'it is a straight row of keys',
  keyPattern: 'it is a short pattern of keys',
  simpleRepeat: 'it repeats a character',
  extendedRepeat: 'it repeats a group of characters',
  sequences: 'it is a sequence of characters',
  recentYears: 'it contains a recent year',
  dates: 'it is a date',
};

// Ranking the dictionaries takes longer than judging any password.
const judge = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });

/**
 * Why a password is easily guessed; undefined if it is good enough (about a million guesses or more).
 * @param words names of the installation that a guesser would try first
 */
export function weakness(password: string, words: readonly string[]): Text | undefined {
  // Only the beginning is judged: the time grows with the square of the length, and long ones are strong.
  const { score, feedback } = judge.check(password.slice(0, 72), [...words]);
  if (score >= 2) return undefined;
  return reasons[feedback.warning ?? ''] ?? 'it is too easily guessed';
}
