import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../kit/errors.ts';
import { type Catalogue, type Text, message } from '../kit/text.ts';

/** The language of the screen, and what is wrong with it. */
export interface Translation {
  readonly catalogue: Catalogue;
  /** Why the screen stays English although there is a file for the language. */
  readonly warning?: Text;
}

/** Translations, one file for each language: `de.json` or `de_AT.json` holds an object from English sentences to translated ones. */
const shipped = fileURLToPath(new URL('languages', import.meta.url));

const english: Translation = { catalogue: () => undefined };

/** `de_DE.UTF-8` is `de_DE`, or else `de`. `C` and `POSIX` are no languages, and neither is anything that looks like a path. */
function languages({ LC_ALL, LC_MESSAGES, LANG }: NodeJS.ProcessEnv): readonly string[] {
  const locale = [LC_ALL, LC_MESSAGES, LANG].find((value) => value !== undefined && value !== '') ?? '';
  const [, language, territory] = /^([a-z]{2,3})(_[A-Z]{2})?(?:[.@].*)?$/.exec(locale) ?? [];
  if (language === undefined) return [];
  return territory === undefined ? [language] : [language + territory, language];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(content: string): Catalogue {
  const read: unknown = JSON.parse(content);
  if (typeof read !== 'object' || read === null || Array.isArray(read)) throw new Error('an object is expected');
  const sentences = new Map(Object.entries(read));
  for (const [id, sentence] of sentences) if (typeof sentence !== 'string') throw new Error(`the translation of '${id}' is no text`);
  return (id) => sentences.get(id) as string | undefined;
}

/**
 * The translation for the locale that LC_ALL, LC_MESSAGES or LANG names, in this order. Never throws: without a usable file
 * the screen is English.
 * @param directory where the translations lie
 */
export function catalogueFor(environment: NodeJS.ProcessEnv, directory: string = shipped): Translation {
  for (const language of languages(environment)) {
    const path = `${directory}/${language}.json`;
    try {
      const content = readIfThere(path);
      if (content !== undefined) return { catalogue: parse(content) };
    } catch (error) {
      return { ...english, warning: message`The translation ${path} cannot be used, so the screen is English: ${messageOf(error)}` };
    }
  }
  return english;
}
