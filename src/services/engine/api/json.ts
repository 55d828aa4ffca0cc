import { collectText, type ListText } from './list-text.ts';
import { epochMilliseconds, scalarText } from './scalar.ts';
import type { Attribute, Entity, Scalar, Types, Value } from './types.ts';

type Json = string | number | readonly Json[] | { readonly [name: string]: Json };

/** Writes an entity as JSON in the typing of the API: booleans and integers are texts, dates are milliseconds. */
export function toJson(types: Types, type: string, entity: Entity): string {
  return `${JSON.stringify(structure(types, type, entity), null, 2)}\n`;
}

/** Writes a list: the members in an array that is named by their type; an empty object for none. */
export function listJson(types: Types, type: string): ListText {
  const text = collectText();
  const [head, tail] = [`{\n  "${type}": [\n`, '\n  ]\n}'];
  let isEmpty = true;
  return {
    size: text.size,
    take: text.take,
    add(entity) {
      text.put(isEmpty ? head : ',\n');
      isEmpty = false;
      // A list of this one alone, without what stands around it: so it stands as deep as it should.
      text.put(JSON.stringify({ [type]: [structure(types, type, entity)] }, null, 2).slice(head.length, -tail.length));
    },
    end() {
      text.put(isEmpty ? '{}\n' : `${tail}\n`);
      return text.take();
    },
  };
}

function structure(types: Types, type: string, entity: Entity): Json {
  const description = types[type];
  if (description === undefined) throw new Error(`the type ${type} is not described`);
  const written: Record<string, Json> = {};
  const { href = '', actions = [], below = [], links = [] } = entity;
  if (actions.length > 0) written['actions'] = { link: belowJson(href, actions) };
  for (const [name, kind] of Object.entries(description)) {
    const value = entity[name] as Value;
    if (value !== null && value !== undefined) written[name] = attributeJson(types, kind, value);
  }
  for (const { name, type: inner, members } of entity.followed ?? []) {
    written[name] = members.length === 0 ? {} : { [inner]: members.map((member) => structure(types, inner, member)) };
  }
  const all = [...belowJson(href, below), ...links.map((link) => ({ href: link.href, rel: link.rel }))];
  if (all.length > 0) written['link'] = all;
  if (entity.href !== undefined) written['href'] = entity.href;
  if (entity.id !== undefined) written['id'] = entity.id;
  return written;
}

function attributeJson(types: Types, kind: Attribute, value: Value): Json {
  if (typeof kind === 'string') return scalarJson(kind, value);
  if ('one' in kind) return structure(types, kind.one, value as Entity);
  const items = value as readonly Value[];
  if (items.length === 0) return {};
  if ('many' in kind) return { [kind.item ?? kind.many]: items.map((item) => structure(types, kind.many, item as Entity)) };
  return { [kind.item]: items.map((item) => scalarJson(kind.scalars, item)) };
}

function scalarJson(kind: Scalar, value: Value): Json {
  if (kind === 'date') return epochMilliseconds(value);
  return kind === 'decimal' ? Number(value) : scalarText(value);
}

const belowJson = (href: string, rels: readonly string[]): readonly Json[] => rels.map((rel) => ({ href: `${href}/${rel}`, rel }));
