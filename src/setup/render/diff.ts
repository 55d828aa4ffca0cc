import { createTwoFilesPatch } from 'diff';

/** The difference between what is there and what is wanted, in the unified format. */
export const unifiedDiff = (path: string, found: string, wanted: string, { from = 'now', to = 'wanted' } = {}): string =>
  createTwoFilesPatch(path, path, found, wanted, from, to, { context: 2 });
