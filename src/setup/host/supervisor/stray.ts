import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { allPids, argumentsOf } from '../process-table.ts';

/**
 * The process that supervises a sandbox, found by its command line alone: where the run directory was removed,
 * nobody can talk to it any more, but it goes on.
 */
export const straySupervisor = (root: string): number | undefined => {
  const wanted = [join(import.meta.dirname, 'main.ts'), root];
  return allPids().find((pid) => isDeepStrictEqual(argumentsOf(pid).slice(-2), wanted));
};
