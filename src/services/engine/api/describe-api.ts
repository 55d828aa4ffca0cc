import { types } from './api-types.ts';
import { type Collection, listName } from './collections/collection.ts';
import { collections } from './collections/index.ts';
import { childrenOf, homeName, placeName } from './members.ts';
import { apiPath } from './target.ts';
import { typeName } from './type-name.ts';
import type { Attribute, Scalar, Types } from './types.ts';
import { escapeXml, leading } from './xml.ts';

/* The descriptions that the API gives of itself, made from the same tables as everything else. */

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

const xsdTypes: Readonly<Record<Scalar, string>> = {
  text: 'xs:string',
  boolean: 'xs:boolean',
  integer: 'xs:long',
  decimal: 'xs:decimal',
  date: 'xs:dateTime',
};

function elementXsd(name: string, kind: Attribute): string {
  const element = (type: string): string => `<xs:element name="${name}" type="${type}" minOccurs="0"/>`;
  if (typeof kind === 'string') return element(xsdTypes[kind]);
  if ('one' in kind) return element(typeName(kind.one));
  const inner = 'many' in kind ? [kind.item ?? kind.many, typeName(kind.many)] : [kind.item, xsdTypes[kind.scalars]];
  return `<xs:element name="${name}" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="${inner[0] ?? ''}" type="${inner[1] ?? ''}" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>`;
}

/** A list of a type, as it is answered by itself and in the place of a link to it. */
const listXsd = (list: string, type: string): string => `  <xs:element name="${list}" type="${typeName(list)}"/>
  <xs:complexType name="${typeName(list)}">
    <xs:sequence><xs:element name="${type}" type="${typeName(type)}" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  </xs:complexType>
`;

/** Lists by their names; several collections share one. */
const lists = new Map(collections.map((collection) => [listName(collection), collection.type]));

/** Lists that may stand in members of a type in the place of links; those that are attributes of it stand among these as well. */
const listsIn = (type: string): readonly string[] => [
  ...new Set(
    collections
      .filter((collection) => collection.type === type)
      .flatMap((collection) => childrenOf(homeName(collection)).map(listName))
      .filter((list) => types[type]?.[list] === undefined),
  ),
];

/** One type, in the order in which its members are written. */
function typeXsd(type: string, attributes: Types[string] & object): string {
  const all = Object.entries(attributes);
  const lines = (some: typeof all): string => some.map(([name, kind]) => `      ${elementXsd(name, kind)}\n`).join('');
  const below = listsIn(type).map((list) => `<xs:element name="${list}" type="${typeName(list)}"/>`);
  return `  <xs:element name="${type}" type="${typeName(type)}"/>
  <xs:complexType name="${typeName(type)}">
    <xs:sequence>
      <xs:element name="actions" type="Actions" minOccurs="0"/>
${lines(all.filter(([name]) => leading.includes(name)))}      <xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="link" type="Link"/>${below.join('')}</xs:choice>
${lines(all.filter(([name]) => !leading.includes(name)))}    </xs:sequence>
    <xs:attribute name="href" type="xs:string"/>
    <xs:attribute name="id" type="xs:string"/>
  </xs:complexType>
`;
}

/** The XML schema of all types and lists: what `?schema` downloads. */
export function schemaXsd(): string {
  return `${declaration}<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" version="1.0">
  <xs:complexType name="Link">
    <xs:attribute name="href" type="xs:string"/>
    <xs:attribute name="rel" type="xs:string"/>
  </xs:complexType>
  <xs:complexType name="Actions">
    <xs:sequence><xs:element name="link" type="Link" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  </xs:complexType>
${Object.entries(types)
  .map(([type, attributes]) => typeXsd(type, attributes))
  .join('')}${[...lists].map(([list, type]) => listXsd(list, type)).join('')}</xs:schema>
`;
}

const link = (href: string, rel: string, about: string, method: string, parameters: readonly string[]): string =>
  `    <link href="${href}" rel="${rel}">
      <description>${escapeXml(about)}</description>
      <request><http_method>${method}</http_method>${
        parameters.length === 0
          ? ''
          : `<url><parameters_set>${parameters.map((name) => `<parameter required="false"><name>${name}</name></parameter>`).join('')}</parameters_set></url>`
      }</request>
    </link>
`;

const memberParameters = ({ narrowed }: Collection): readonly string[] => [
  'follow',
  'filter',
  'all_content',
  ...(narrowed === undefined ? [] : [narrowed.parameter]),
];

const listParameters = (collection: Collection): readonly string[] => [
  ...(collection.search === undefined ? [] : ['search', 'case_sensitive']),
  'max',
  ...(collection.rel === 'events' ? ['from'] : []),
  ...memberParameters(collection),
];

function linksOf(collection: Collection): string {
  const { rel, about, store, special = {}, actions = {}, collectionActions = {} } = collection;
  const over = placeName(collection).split('/').slice(0, -1);
  const path = `${apiPath}/${over.map((one) => `${one}/{${one}:id}/`).join('')}${rel}`;
  const member = `${path}/{${rel}:id}`;
  return [
    link(path, 'get', about, 'GET', listParameters(collection)),
    link(member, 'get', `One of them. ${about}`, 'GET', memberParameters(collection)),
    ...((store?.add ?? special.add) === undefined ? [] : [link(path, 'add', 'Adds one.', 'POST', [])]),
    ...((store?.update ?? special.update) === undefined ? [] : [link(member, 'update', 'Changes one.', 'PUT', [])]),
    ...((store?.remove ?? special.remove) === undefined ? [] : [link(member, 'delete', 'Removes one.', 'DELETE', [])]),
    ...Object.keys(actions).map((name) => link(`${member}/${name}`, name, `The action ${name}.`, 'POST', ['async'])),
    ...Object.keys(collectionActions).map((name) => link(`${path}/${name}`, name, `The action ${name} on all.`, 'POST', ['async'])),
  ].join('');
}

/** What can be asked for, at which address: what `?rsdl` shows. */
export const serviceDescription = (): string => `${declaration}<rsdl href="${apiPath}?rsdl" rel="rsdl">
  <description>Everything that this API has. Types are described by the schema.</description>
  <schema href="${apiPath}?schema" rel="schema"/>
  <links>
${collections.map(linksOf).join('')}  </links>
</rsdl>
`;
