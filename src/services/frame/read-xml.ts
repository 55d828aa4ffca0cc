import { SaxesParser } from 'saxes';
import type { Element } from './xml-element.ts';

/* Reading XML that anybody may have written. */

/** What is not XML, or more of it than is taken. Its message says why: `The XML is empty`. */
export class XmlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'XmlError';
  }
}

/** The most that is taken of a document, and how. */
export interface XmlTaken {
  readonly characters: number;
  readonly depth: number;
  readonly elements: number;
  /** Whether blanks around a text are a part of it; they are left out unless this is said. */
  readonly keepsBlanks?: boolean;
}

type Growing = { name: string; attributes: Record<string, string>; children: Growing[]; text: string };

/**
 * Reads a document. Entities other than XML's own five are unknown, and a document type is refused: nothing in it is looked up anywhere.
 * @throws XmlError
 */
export function readXml(xml: string, { characters, depth, elements, keepsBlanks = false }: XmlTaken): Element {
  const fail = (message: string): never => {
    throw new XmlError(message);
  };
  if (xml.length > characters) fail(`The XML is longer than ${characters} characters`);
  const parser = new SaxesParser({ xmlns: false });
  const open: Growing[] = [];
  let root: Growing | undefined;
  let count = 0;
  parser.on('error', () => fail(`The XML is not well-formed in line ${parser.line}, column ${parser.column}`));
  parser.on('doctype', () => fail('The XML has a document type, which is not taken'));
  parser.on('opentag', ({ name, attributes }) => {
    if (++count > elements) fail('The XML has too many elements');
    if (open.length >= depth) fail('The XML is nested too deeply');
    const element: Growing = { name, attributes: { ...attributes }, children: [], text: '' };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const add = (text: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', () => {
    const element = open.pop();
    if (element !== undefined && !keepsBlanks) element.text = element.text.trim();
  });
  parser.write(xml).close();
  return root ?? fail('The XML is empty');
}
