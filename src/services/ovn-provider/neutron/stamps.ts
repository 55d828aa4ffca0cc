import { keys } from '../northbound/inventory.ts';

/* When a resource was made and changed last, and how often; kept beside it in `external_ids`. */

type Ids = Readonly<Record<string, string>>;

/** A moment as the network API writes it. */
const timeOf = (now: number): string => new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');

/** What is written with a new resource; `now` is in milliseconds. */
export const newStamps = (now: number): Ids => ({ [keys.created]: timeOf(now), [keys.updated]: timeOf(now), [keys.revision]: '1' });

/** What is written with a change. */
export const nextStamps = (before: ReadonlyMap<string, string>, now: number): Ids => ({
  [keys.updated]: timeOf(now),
  [keys.revision]: String(Number(before.get(keys.revision) ?? 1) + 1),
});

/** What clients see of it. */
export const describeStamps = (ids: ReadonlyMap<string, string>): object => ({
  created_at: ids.get(keys.created) ?? null,
  updated_at: ids.get(keys.updated) ?? null,
  revision_number: Number(ids.get(keys.revision) ?? 1),
});
