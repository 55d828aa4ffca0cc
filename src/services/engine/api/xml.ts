import { collectText, type ListText } from './list-text.ts';
import { isoDate, scalarText } from './scalar.ts';
import type { Attribute, Entity, Link, Scalar, Types, Value } from './types.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** Writes an entity as XML: `id` and `href` are attributes, everything else is an element named like the attribute. */
export function toXml(types: Types, type: string, entity: Entity): string {
  return `${declaration}${element(types, type, type, entity, '')}`;
}

/** Writes a list: its members in one element. */
export function listXml(types: Types, type: string, list: string): ListText {
  const text = collectText();
  let isEmpty = true;
  return {
    size: text.size,
    take: text.take,
    add(entity) {
      if (isEmpty) text.put(`${declaration}<${list}>\n`);
      isEmpty = false;
      text.put(element(types, type, type, entity, '    '));
    },
    end() {
      text.put(isEmpty ? `${declaration}<${list}/>\n` : `</${list}>\n`);
      return text.take();
    },
  };
}

/** An attribute of a type, with the tags around its value at one depth. */
interface Written {
  readonly name: string;
  readonly kind: Attribute;
  readonly open: string;
  readonly close: string;
}

/** The attributes of a type in the order of XML: the leading ones, which stand before the links, and all others. */
interface Order {
  readonly first: readonly Written[];
  readonly rest: readonly Written[];
}

const orders = new WeakMap<Types[string] & object, Map<string, Order>>();

/** Computed once for each type and depth: a list of a thousand members asks a thousand times. */
function orderOf(types: Types, type: string, indent: string): Order {
  const description = describe(types, type);
  const depths = orders.get(description) ?? new Map<string, Order>();
  orders.set(description, depths);
  const known = depths.get(indent);
  if (known !== undefined) return known;
  const all = Object.entries(description).map(([name, kind]) => ({ name, kind, open: `${indent}<${name}>`, close: `</${name}>\n` }));
  const order = { first: all.filter(({ name }) => leading.includes(name)), rest: all.filter(({ name }) => !leading.includes(name)) };
  depths.set(indent, order);
  return order;
}

function element(types: Types, name: string, type: string, entity: Entity, indent: string): string {
  const inner = `${indent}    `;
  const { first, rest } = orderOf(types, type, inner);
  const href = entity.href === undefined ? undefined : escapeXml(entity.href);
  let children = wrap('actions', belowXml(href, entity.actions, `${inner}    `), inner);
  for (const attribute of first) children += attributeXml(types, attribute, entity[attribute.name] as Value, inner);
  children += belowXml(href, entity.below, inner);
  if (entity.links !== undefined) children += linksXml(entity.links, inner);
  for (const { name: list, type: inside, members } of entity.followed ?? []) {
    const all = members.map((member) => element(types, inside, inside, member, `${inner}    `)).join('');
    children += all === '' ? `${inner}<${list}/>\n` : wrap(list, all, inner);
  }
  for (const attribute of rest) children += attributeXml(types, attribute, entity[attribute.name] as Value, inner);
  const head = `${name}${href === undefined ? '' : ` href="${href}"`}${xmlAttribute('id', entity.id)}`;
  return children === '' ? `${indent}<${head}/>\n` : `${indent}<${head}>\n${children}${indent}</${name}>\n`;
}

/** Attributes that stand before the links. */
export const leading: readonly string[] = ['name', 'description', 'comment', 'creation_status'];

function attributeXml(types: Types, { name, kind, open, close }: Written, value: Value, indent: string): string {
  if (value === null || value === undefined) return '';
  if (typeof kind === 'string') return open + scalarXml(kind, value) + close;
  if ('one' in kind) return element(types, name, kind.one, value as Entity, indent);
  const items = value as readonly Value[];
  const inner = `${indent}    `;
  const write = (item: Value): string =>
    'many' in kind
      ? element(types, kind.item ?? kind.many, kind.many, item as Entity, inner)
      : `${inner}<${kind.item}>${scalarXml(kind.scalars, item)}</${kind.item}>\n`;
  return items.length === 0 ? `${indent}<${name}/>\n` : wrap(name, items.map(write).join(''), indent);
}

const scalarXml = (kind: Scalar, value: Value): string => escapeXml(kind === 'date' ? isoDate(value) : scalarText(value));

const wrap = (name: string, content: string, indent: string): string =>
  content === '' ? '' : `${indent}<${name}>\n${content}${indent}</${name}>\n`;

const none: readonly string[] = [];
const endings = new WeakMap<readonly string[], readonly string[]>();

/** What stands behind the address in links to what lies below it. Made once for each list of rels, which are words of ours. */
function endingsOf(rels: readonly string[]): readonly string[] {
  const made = endings.get(rels) ?? rels.map((rel) => `/${rel}" rel="${rel}"/>\n`);
  endings.set(rels, made);
  return made;
}

/** Links to what lies right below an address, which is escaped already. */
function belowXml(href = '', rels: readonly string[] = none, indent: string): string {
  const beginning = `${indent}<link href="${href}`;
  return rels.length === 0 ? '' : beginning + endingsOf(rels).join(beginning);
}

function linksXml(links: readonly Link[], indent: string): string {
  let text = '';
  for (const { href, rel } of links) text += `${indent}<link${xmlAttribute('href', href)}${xmlAttribute('rel', rel)}/>\n`;
  return text;
}

const xmlAttribute = (name: string, value: string | undefined): string => (value === undefined ? '' : ` ${name}="${escapeXml(value)}"`);

/** Escapes text for content and attributes. What XML 1.0 cannot hold at all becomes U+FFFD. */
export function escapeXml(text: string): string {
  // Most texts hold nothing that has to be escaped.
  if (text === '' || /^[\x20-\x21\x23-\x25\x27-\x3b\x3d\x3f-\x7e]*$/.test(text)) return text;
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
