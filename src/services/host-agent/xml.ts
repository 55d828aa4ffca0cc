import { readXml } from '../frame/read-xml.ts';
import type { Element } from '../frame/xml-element.ts';

export { XmlError } from '../frame/read-xml.ts';
export { type Element, element, writeXml } from '../frame/xml-element.ts';

/* XML as a tree: what libvirt and the engine write about virtual machines. */

/** Reads a document. Throws XmlError. */
export const parseXml = (xml: string): Element => readXml(xml, { characters: 1024 * 1024, depth: 32, elements: 20_000 });

/** The first child of a name; with more names, the first child of that one, and so on. */
export function child(parent: Element | undefined, ...names: readonly string[]): Element | undefined {
  return names.reduce<Element | undefined>((at, name) => at?.children.find((one) => one.name === name), parent);
}

/** All children of a name. */
export const childrenOf = (parent: Element | undefined, name: string): readonly Element[] =>
  parent?.children.filter((one) => one.name === name) ?? [];
