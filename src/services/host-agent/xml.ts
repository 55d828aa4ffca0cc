import { SaxesParser } from 'saxes';
import type { Element } from '../frame/xml-element.ts';

export { type Element, element, writeXml } from '../frame/xml-element.ts';

/* XML as a tree: what libvirt and the engine write about virtual machines. */

/** What is not XML, or more of it than is taken. */
export class XmlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'XmlError';
  }
}

const limits = { characters: 1024 * 1024, depth: 32, elements: 20_000 };

type Growing = { name: string; attributes: Record<string, string>; children: Growing[]; text: string };

/**
 * Reads a document. Entities other than XML's own five are unknown, and a DOCTYPE is refused: nothing in it is looked up anywhere.
 * @throws XmlError
 */
export function parseXml(xml: string): Element {
  if (xml.length > limits.characters) throw new XmlError(`the XML is longer than ${limits.characters} characters`);
  const parser = new SaxesParser({ xmlns: false });
  const open: Growing[] = [];
  let root: Growing | undefined;
  let elements = 0;
  const fail = (message: string): never => {
    throw new XmlError(message);
  };
  parser.on('error', (error) => fail(`the XML is not well-formed: ${error.message}`));
  parser.on('doctype', () => fail('the XML has a DOCTYPE, which is not taken'));
  parser.on('opentag', ({ name, attributes }) => {
    if (++elements > limits.elements || open.length >= limits.depth) fail('the XML has too many elements');
    const element: Growing = { name, attributes: { ...attributes }, children: [], text: '' };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = open.pop();
    if (element !== undefined) element.text = element.text.trim();
  });
  parser.write(xml).close();
  return root ?? fail('the XML is empty');
}

/** The first child of a name; with more names, the first child of that one, and so on. */
export function child(parent: Element | undefined, ...names: readonly string[]): Element | undefined {
  return names.reduce<Element | undefined>((at, name) => at?.children.find((one) => one.name === name), parent);
}

/** All children of a name. */
export const childrenOf = (parent: Element | undefined, name: string): readonly Element[] =>
  parent?.children.filter((one) => one.name === name) ?? [];
