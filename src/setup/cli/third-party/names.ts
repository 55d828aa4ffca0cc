import type { Plugin } from '#kit';
import { keysOf } from '../../core/answers.ts';

/** Names that plugins use, and that no other one may use as well. */
export interface Names {
  readonly plugins: ReadonlySet<string>;
  readonly facts: ReadonlySet<string>;
  /** Of settings, former ones included. */
  readonly keys: ReadonlySet<string>;
  readonly questions: ReadonlySet<string>;
}

/** All names in use. */
export function namesOf(plugins: readonly Plugin[]): Names {
  const facts = plugins.flatMap((plugin) => plugin.facts ?? []);
  const settings = plugins.flatMap((plugin) => plugin.settings ?? []);
  return {
    plugins: new Set(plugins.map(({ name }) => name)),
    facts: new Set(facts.map(({ id }) => id)),
    keys: new Set(settings.flatMap(keysOf)),
    questions: new Set(settings.flatMap(({ ask }) => ask?.name ?? [])),
  };
}
