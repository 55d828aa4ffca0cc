import { isoDate, scalarText } from './scalar.ts';
import type { Attribute, Entity, Link, Scalar, Types, Value } from './types.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** Writes an entity as XML: `id` and `href` are attributes, everything else is an element named like the attribute. */
export function toXml(types: Types, type: string, entity: Entity): string {
  return `${declaration}${element(types, type, type, entity, '')}`;
}

/** Writes a list: its members in one element. */
export function listXml(types: Types, type: string, list: string, entities: readonly Entity[]): string {
  if (entities.length === 0) return `${declaration}<${list}/>\n`;
  return `${declaration}<${list}>\n${entities.map((entity) => element(types, type, type, entity, '    ')).join('')}</${list}>\n`;
}

/** The attributes of a type in the order of XML: the leading ones, which stand before the links, and all others. */
interface Order {
  readonly first: readonly (readonly [string, Attribute])[];
  readonly rest: readonly (readonly [string, Attribute])[];
}

const orders = new WeakMap<Types[string] & object, Order>();

/** Computed once for each type: a list of a thousand members asks a thousand times. */
function orderOf(types: Types, type: string): Order {
  const description = describe(types, type);
  const known = orders.get(description);
  if (known !== undefined) return known;
  const all = Object.entries(description);
  const order = { first: all.filter(([name]) => leading.includes(name)), rest: all.filter(([name]) => !leading.includes(name)) };
  orders.set(description, order);
  return order;
}

function element(types: Types, name: string, type: string, entity: Entity, indent: string): string {
  const { first, rest } = orderOf(types, type);
  const inner = `${indent}    `;
  let children = entity.actions === undefined ? '' : wrap('actions', linksXml(entity.actions, `${inner}    `), inner);
  for (const [attribute, kind] of first) children += attributeXml(types, attribute, kind, entity[attribute] as Value, inner);
  if (entity.links !== undefined) children += linksXml(entity.links, inner);
  for (const { name: list, type: inside, members } of entity.followed ?? []) {
    const all = members.map((member) => element(types, inside, inside, member, `${inner}    `)).join('');
    children += all === '' ? `${inner}<${list}/>\n` : wrap(list, all, inner);
  }
  for (const [attribute, kind] of rest) children += attributeXml(types, attribute, kind, entity[attribute] as Value, inner);
  const head = `${name}${xmlAttribute('href', entity.href)}${xmlAttribute('id', entity.id)}`;
  return children === '' ? `${indent}<${head}/>\n` : `${indent}<${head}>\n${children}${indent}</${name}>\n`;
}

const leading: readonly string[] = ['name', 'description', 'comment', 'creation_status'];

function attributeXml(types: Types, name: string, kind: Attribute, value: Value, indent: string): string {
  if (value === null || value === undefined) return '';
  if (typeof kind === 'string') return scalarXml(name, kind, value, indent);
  if ('one' in kind) return element(types, name, kind.one, value as Entity, indent);
  const items = value as readonly Value[];
  const inner = `${indent}    `;
  const write = (item: Value): string =>
    'many' in kind
      ? element(types, kind.item ?? kind.many, kind.many, item as Entity, inner)
      : scalarXml(kind.item, kind.scalars, item, inner);
  return items.length === 0 ? `${indent}<${name}/>\n` : wrap(name, items.map(write).join(''), indent);
}

function scalarXml(name: string, kind: Scalar, value: Value, indent: string): string {
  const text = kind === 'date' ? isoDate(value) : scalarText(value);
  return `${indent}<${name}>${escapeXml(text)}</${name}>\n`;
}

const wrap = (name: string, content: string, indent: string): string =>
  content === '' ? '' : `${indent}<${name}>\n${content}${indent}</${name}>\n`;

const linksXml = (links: readonly Link[], indent: string): string =>
  links.map(({ href, rel }) => `${indent}<link${xmlAttribute('href', href)}${xmlAttribute('rel', rel)}/>\n`).join('');

const xmlAttribute = (name: string, value: string | undefined): string => (value === undefined ? '' : ` ${name}="${escapeXml(value)}"`);

/** Escapes text for content and attributes. What XML 1.0 cannot hold at all becomes U+FFFD. */
export function escapeXml(text: string): string {
  // Most texts hold nothing that has to be escaped.
  if (/^[\x20-\x21\x23-\x25\x27-\x3b\x3d\x3f-\x7e]*$/.test(text)) return text;
  return text
    .toWellFormed()
    .replace(/[\ufffe\uffff]|[^\t\n\r\P{Cc}]/gu, '\ufffd')
    .replace(/[&<>"\r\n\t]/g, (character) => entities[character] ?? character);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

function describe(types: Types, type: string): Types[string] & object {
  const description = types[type];
  if (description === undefined) throw new Error(`the type ${type} is not described`);
  return description;
}
