import type { Strength } from './statement.ts';

/** Who wins when several sources name the same key, strongest first. `kept` is the configuration of the installation itself. */
const precedence = ['enforce', 'override', 'init', 'command line', 'default', 'kept'] as const;
export type Rank = (typeof precedence)[number];

/** The rank of a statement in a file. */
export const rankOf = (strength: Strength, kept: boolean): Rank => (strength === 'default' && kept ? 'kept' : strength);

/** Which claim counts for each key: the strongest one, and of equally strong ones the last. */
export function strongest<T extends { readonly key: string; readonly rank: Rank }>(claims: Iterable<T>): ReadonlyMap<string, T> {
  const winners = new Map<string, T>();
  for (const claim of claims) {
    const before = winners.get(claim.key);
    if (before === undefined || precedence.indexOf(claim.rank) <= precedence.indexOf(before.rank)) winners.set(claim.key, claim);
  }
  return winners;
}
