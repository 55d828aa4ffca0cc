import { describe, expect, it } from 'vitest';
import { types } from '../../../../src/services/engine/api/api-types.ts';
import { listName } from '../../../../src/services/engine/api/collections/collection.ts';
import { collections } from '../../../../src/services/engine/api/collections/index.ts';
import { schemaXsd } from '../../../../src/services/engine/api/describe-api.ts';
import type { Attribute, Entity, Value } from '../../../../src/services/engine/api/types.ts';
import { toXml } from '../../../../src/services/engine/api/xml.ts';

const schema = schemaXsd();

/** Some value of an attribute. */
const some = (kind: Attribute): Value => {
  if (typeof kind === 'string') return kind === 'date' ? new Date(0) : kind === 'boolean' ? true : kind === 'text' ? 'a' : 1;
  return 'one' in kind ? { id: 'x' } : [];
};

/** Names of the children of the outermost element, in their order. */
const children = (xml: string): readonly string[] => [...xml.matchAll(/^ {4}<(\w+)/gm)].map(([, name = '']) => name);

/** Names that the schema has for the children of a type, in their order. */
const declared = (type: string): readonly string[] => {
  const [, body = ''] =
    new RegExp(`<xs:element name="${type}" type="(?:\\w+)"/>\\n  <xs:complexType[^>]*>([^]*?)\\n  </xs:complexType>`).exec(schema) ?? [];
  return [...body.matchAll(/^ {6}(?:<xs:choice[^>]*>)?<xs:element name="(\w+)"/gm)].map(([, name = '']) => name);
};

describe('the schema', () => {
  it.each(Object.keys(types))('has the attributes of %s in the order in which they are written', (type) => {
    const attributes = Object.entries(types[type] ?? {});
    const entity: Entity = {
      id: 'x',
      href: '/x',
      actions: ['act'],
      below: ['lower'],
      ...Object.fromEntries(attributes.map(([name, kind]) => [name, some(kind)])),
    };
    expect(declared(type)).toEqual(children(toXml(types, type, entity)));
  });

  it.each(collections.map((one) => [listName(one), one.type] as const))('has the list %s', (list, type) => {
    expect(schema.match(new RegExp(`^  <xs:element name="${list}" `, 'gm'))).toHaveLength(1);
    expect(schema).toMatch(new RegExp(`^    <xs:sequence><xs:element name="${type}" `, 'm'));
  });

  it('has lists in the place of links, as clients that follow them are answered', () => {
    const [, clusters = ''] = /<xs:complexType name="Cluster">([^]*?)<\/xs:complexType>\n/.exec(schema) ?? [];
    expect(clusters).toMatch(
      /<xs:choice [^>]*><xs:element name="link" type="Link"\/>.*<xs:element name="networks" type="Networks"\/>.*<\/xs:choice>/,
    );
  });
});
