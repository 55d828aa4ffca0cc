/* XML as a tree, and how it is written: definitions of virtual machines, which the engine makes and agents judge. */

export interface Element {
  /** With its prefix, as it stands. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** All text directly inside; without blanks around it unless its reader keeps them. */
  readonly text: string;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
/** What XML cannot hold however it is written: most control characters, and two that are no characters. */
const never = /(?![\t\n\r\x7f-\x9f])[\p{Cc}\ufffe\uffff]/gu;
const escape = (text: string): string =>
  text
    .toWellFormed()
    .replace(never, '')
    .replace(/[&<>"']/g, (character) => escapes[character] ?? '')
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Writes an element, on one line. Characters that XML cannot hold are left out. */
export function writeXml({ name, attributes, children, text }: Element): string {
  const head = `<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escape(value)}"`)
    .join('')}`;
  if (children.length === 0 && text === '') return `${head}/>`;
  return `${head}>${escape(text)}${children.map(writeXml).join('')}</${name}>`;
}

/** Makes an element. */
export const element = (
  name: string,
  attributes: Readonly<Record<string, string | number>> = {},
  inside: readonly Element[] | string = [],
): Element => ({
  name,
  attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)])),
  children: typeof inside === 'string' ? [] : inside,
  text: typeof inside === 'string' ? inside : '',
});
