import type { Catalogue } from '#kit';

/** A letter of ASCII in a form that keys, ids, paths and values never have. */
const mark = (letter: string): string => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0);

/**
 * A whole translation into a language whose words cannot be taken for English ones: what an output holds in plain letters
 * has not gone through the catalogue.
 * @param texts what there is to translate
 */
export function markedLanguage(texts: readonly string[]): Catalogue {
  const known = new Set(texts);
  return (id) => (known.has(id) ? id.replace(/\{\d+\}|[A-Za-z]/g, (part) => (part.length === 1 ? mark(part) : part)) : undefined);
}

/** Forms that are the same in every language. */
const data = [
  /\bhttps?:\/\/\S+/g,
  /\b\d{4}-\d\d-\d\dT[\d:.]+Z\b/g, // a time
  /\b[A-Z][A-Z0-9_]*\/\S+/g, // a key
  /--[a-z-]+(=\S*)?/g, // an option
  /(^|[\s'"([])[~.]?\/\S*/gm, // a path
  /\b[a-z][\w.-]*\/[\w./-]+/g, // the id of a step
  /\b[\w-]+\.(conf|yaml|service)\b\S*/g, // a file, or a unit
];

/** The words of an output that are neither translated nor data, each once. */
export function plainWords(output: string, values: readonly (string | RegExp)[] = []): readonly string[] {
  const rest = [...values, ...data].reduce<string>((text, value) => text.replaceAll(value, ' '), output);
  return [...new Set(rest.match(/[A-Za-z]{2,}/g) ?? [])];
}
