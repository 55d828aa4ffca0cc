import type { AnySetting } from '../core/answers.ts';
import { keysOf } from '../core/answers.ts';

/** Tells whether an answer under a key is a secret: under the keys of a secret setting, or as an answer to its question. */
export function secretKeys(settings: readonly AnySetting[]): (key: string) => boolean {
  const secret = settings.filter((setting) => setting.secret === true);
  const keys = new Set(secret.flatMap(keysOf));
  const questions = new Set(secret.flatMap(({ ask }) => ask?.name ?? []));
  return (key) => keys.has(key) || questions.has(/^QUESTION\/\d+\/(.*)$/.exec(key)?.[1] ?? '');
}
