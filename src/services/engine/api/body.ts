import { readXml, XmlError } from '../../frame/read-xml.ts';
import type { Element } from '../../frame/xml-element.ts';
import { badRequest } from '../http/refusal.ts';
import { isStorable } from './scalar.ts';
import type { Attribute, Entity, Scalar, Types, Value } from './types.ts';

/* What a client sent is an element, whether in XML or in JSON, before it is compared with the table of types. */

const deepest = 32;

/** The most of XML; the server takes no body that is nearly as long. */
const taken = { characters: 16 * 2 ** 20, depth: deepest, elements: 100_000, keepsBlanks: true };

function elementOfXml(text: string): Element {
  try {
    return readXml(text, taken);
  } catch (error) {
    if (error instanceof XmlError) throw badRequest(`${error.message}.`);
    throw error;
  }
}

const scalarText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/** JSON in the same shape. Lists stand in an object with the name of their items. */
function elementOfJson(name: string, value: unknown, depth = 0): Element {
  if (depth > deepest) throw badRequest('The JSON is nested too deeply.');
  if (value === null || typeof value !== 'object') return { name, attributes: {}, children: [], text: scalarText(value) };
  const attributes: Record<string, string> = {};
  const children: Element[] = [];
  for (const [key, inner] of Object.entries(value as Record<string, unknown>)) {
    if ((key === 'id' || key === 'href') && typeof inner !== 'object') attributes[key] = scalarText(inner);
    else if (Array.isArray(inner)) children.push(...inner.map((item) => elementOfJson(key, item, depth + 1)));
    else if (inner !== null) children.push(elementOfJson(key, inner, depth + 1));
  }
  return { name, attributes, children, text: '' };
}

/**
 * The entity in the body of a request. Elements that the type does not have are ignored, as older clients send them.
 * Throws a refusal (400) for a body that is not well formed, and for values that are not of their kind.
 * @param form how the body is written
 * @param ignored called with the path of each element that is ignored: `vm.os.bot`
 */
export function parseEntity(
  types: Types,
  type: string,
  text: string,
  form: 'xml' | 'json',
  ignored: (path: string) => void = () => undefined,
): Entity {
  if (text.trim() === '') return {};
  if (form === 'xml') {
    const root = elementOfXml(text);
    if (root.name !== type) throw badRequest(`The body must hold an element ${type}.`);
    return createReading(types, ignored).structure(type, root, type);
  }
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    throw badRequest('The body is not well-formed JSON.');
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw badRequest('The body must be an object.');
  const [only, ...more] = Object.entries(value as Record<string, unknown>);
  // `{"tag": {...}}` is the same as `{...}`.
  const inner: unknown = only?.[0] === type && more.length === 0 && types[type]?.[type] === undefined ? only[1] : value;
  return createReading(types, ignored).structure(type, elementOfJson(type, inner), type);
}

/** What every entity may have in an answer, and so in what a client sends back. */
const ofAnswers: ReadonlySet<string> = new Set(['id', 'href', 'link', 'actions']);

/** Compares what a client sent with the table of types. Paths tell where in the body something stands. */
function createReading(types: Types, ignored: (path: string) => void) {
  /** The elements with a name; the others are ignored. */
  const only = (node: Element, name: string, path: string): readonly Element[] => {
    for (const child of node.children) if (child.name !== name && !ofAnswers.has(child.name)) ignored(`${path}.${child.name}`);
    return node.children.filter((child) => child.name === name);
  };

  function attribute(name: string, kind: Attribute, node: Element, path: string): Value {
    if (typeof kind === 'string') return scalar(name, kind, node);
    if ('one' in kind) return structure(kind.one, node, path);
    if ('scalars' in kind) return only(node, kind.item, path).map((child) => scalar(name, kind.scalars, child));
    const item = kind.item ?? kind.many;
    return only(node, item, path).map((child) => structure(kind.many, child, `${path}.${item}`));
  }

  function structure(type: string, node: Element, path: string): Entity {
    const description = types[type];
    if (description === undefined) throw new Error(`the type ${type} is not described`);
    const entity: Record<string, Value> = {};
    const id = node.attributes['id'] ?? node.children.find(({ name }) => name === 'id')?.text.trim();
    if (id !== undefined) entity['id'] = id;
    for (const { name } of node.children) if (!Object.hasOwn(description, name) && !ofAnswers.has(name)) ignored(`${path}.${name}`);
    for (const [name, kind] of Object.entries(description)) {
      const found = node.children.filter((child) => child.name === name);
      if (found.length > 1) throw badRequest(`The element ${name} occurs more than once.`);
      if (found[0] !== undefined) entity[name] = attribute(name, kind, found[0], `${path}.${name}`);
    }
    return entity;
  }

  return { structure };
}

function scalar(name: string, kind: Scalar, node: Element): Value {
  if (node.children.length > 0) throw badRequest(`${name} must hold a single value.`);
  const { text } = node;
  const word = text.trim();
  if (kind === 'text') {
    if (text.includes('\0')) throw badRequest(`${name} contains a NUL character.`);
    return text;
  }
  if (kind === 'boolean') {
    if (/^(true|1)$/i.test(word)) return true;
    if (/^(false|0)$/i.test(word)) return false;
    throw badRequest(`${name} must be true or false.`);
  }
  if (kind === 'date') {
    const date = new Date(/^\d+$/.test(word) ? Number(word) : word);
    if (!isStorable(date)) throw badRequest(`${name} must be a date.`);
    return date;
  }
  const form = kind === 'integer' ? /^-?\d{1,18}$/ : /^-?\d{1,15}(\.\d{1,15})?$/;
  if (!form.test(word)) throw badRequest(`${name} must be a number.`);
  return Number(word);
}
