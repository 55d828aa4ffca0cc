import type { CommandLineAnswer } from '../answers/sources.ts';
import { parseTyped } from '../answers/typed.ts';
import { type Problem, SetupError, type Text, message, term } from '#kit';
import { shellWords } from './shell-words.ts';

const option = '--otopi-environment';

/**
 * Reads the statements of `--otopi-environment`: `KEY=type:value`, separated by blanks and quoted as in a shell. `APPEND:KEY=str:text` puts
 * a colon and the text behind what the command line has said of the key before, `PREPEND:KEY=str:text` puts them in front.
 * @param saidBefore what options have said of keys
 * @throws SetupError `usage` with everything that is wrong
 */
export function environmentStatements(text: string, saidBefore: ReadonlyMap<string, unknown> = new Map()): readonly CommandLineAnswer[] {
  const words = shellWords(text);
  if (words === undefined) throw new SetupError('usage', message`${option}: a quote is not closed`, { remedy: 'See engine-setup --help.' });
  const found = new Map<string, unknown>();
  const problems: Text[] = [];
  for (const [index, word] of words.entries()) {
    const [, how, key, typed] = /^(?:(APPEND|PREPEND):)?([^=]+)=(.*)$/s.exec(word) ?? [];
    if (key === undefined || typed === undefined) {
      problems.push(message`${option}: word ${index + 1} is not KEY=type:value`);
      continue;
    }
    const read = parseTyped(typed);
    const before = found.has(key) ? found.get(key) : saidBefore.get(key);
    if ('wrong' in read) problems.push(message`${option}: ${key}: ${term(read.wrong)}`);
    else if (how === undefined || before === undefined) found.set(key, read.value);
    else if (typeof before !== 'string' || typeof read.value !== 'string')
      problems.push(message`${option}: ${how}:${key} joins texts only`);
    else found.set(key, how === 'APPEND' ? `${before}:${read.value}` : `${read.value}:${before}`);
  }
  if (problems.length > 0)
    throw new SetupError('usage', 'The statements of the command line cannot be understood', {
      problems: problems.map((text): Problem => ({ id: 'usage', level: 'error', message: text })),
    });
  return [...found].map(([key, value]) => ({ key, value, where: option }));
}
