/**
 * Everything that people read is a Text: a plain sentence, or a message with arguments. The English sentence is the key of
 * the catalogue, so that a translation is one file (`ui/catalogue.ts`) and nothing else in the program knows of languages.
 * Keys, ids, log lines and JSON are never translated.
 */
export type Text = string | Message;

/** A sentence with places for its arguments: `{0} is taken by {1}`. */
export interface Message {
  /** The English sentence with numbered places; it is the key of the catalogue. */
  readonly id: string;
  /** What stands at the places. Strings and numbers are data and stay as they are; texts among them are translated too. */
  readonly args: readonly Argument[];
}
export type Argument = string | number | Message | Column;

/** A text that fills a column of a table: blanks follow it up to a width, in whatever language. */
export interface Column {
  readonly text: Text;
  readonly width: number;
}
export const column = (text: Text, width: number): Column => ({ text, width });

/** Declares a sentence with arguments: message`Port ${port} is taken by ${program}`. */
export const message = (parts: TemplateStringsArray, ...args: readonly Argument[]): Message => ({
  id: parts.reduce((id, part, index) => `${id}{${index - 1}}${part}`),
  args,
});

/** A text as an argument of a message: a title inside a sentence, say. A plain string there would be data. */
export const term = (text: Text): Message => (typeof text === 'string' ? { id: text, args: [] } : text);

/** Finds the sentence of another language for an English one; undefined where there is none. */
export type Catalogue = (id: string) => string | undefined;

/** The text in the language of a catalogue; what the catalogue does not know stays English. */
export function inWords(text: Text, catalogue: Catalogue): string {
  if (typeof text === 'string') return catalogue(text) ?? text;
  return (catalogue(text.id) ?? text.id).replace(/\{(\d+)\}/g, (place, index: string) => {
    const arg = text.args[Number(index)];
    if (arg === undefined) return place;
    if (typeof arg !== 'object') return String(arg);
    return 'width' in arg ? inWords(arg.text, catalogue).padEnd(arg.width) : inWords(arg, catalogue);
  });
}

const untranslated: Catalogue = () => undefined;

/** The text in English: for logs, JSON and tests. */
export const inEnglish = (text: Text): string => inWords(text, untranslated);
