import { inEnglish } from '#kit';
import type { AnySetting } from '../src/setup/core/answers.ts';

/** A JSON Schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

const none = { type: 'null', description: 'not given' };

/** What may stand under the key of a setting: a value of its kind, or nothing. */
function schemaOf({ about, kind, initial, secret }: AnySetting): Schema {
  const constant = initial !== undefined && typeof initial !== 'function' && secret !== true;
  return {
    description: inEnglish(about),
    ...(constant ? { default: initial as unknown } : {}),
    ...(secret === true ? { writeOnly: true } : {}),
    anyOf: [kind.schema ?? {}, none],
  };
}

/** A reference to the definition of a key: `/` and `~` are written in their escaped form (RFC 6901). */
const referenceTo = (key: string): Schema => ({ $ref: `#/$defs/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` });

/** Properties as they may stand: under their whole keys, or nested by name space. */
function properties(entries: readonly (readonly [key: string, schema: Schema])[]): Schema {
  const spaces = new Map<string, Record<string, Schema>>();
  for (const [key, schema] of entries) {
    const [space = '', ...name] = key.split('/');
    const inside = spaces.get(space) ?? {};
    inside[name.join('/')] = schema;
    spaces.set(space, inside);
  }
  const nested = [...spaces].map(([space, inside]) => [space, { type: 'object', properties: inside }] as const);
  return Object.fromEntries([...nested, ...entries]);
}

/** The JSON Schema (draft 2020-12) of answers in YAML. Keys that it does not know are allowed: setup warns of them. */
export function answersSchema(settings: readonly AnySetting[]): Schema {
  const entries = settings.flatMap(({ key, formerly = [] }) => [
    [key, referenceTo(key)] as const,
    ...formerly.map((old) => [old, { ...referenceTo(key), deprecated: true }] as const),
  ]);
  const reply = { description: 'reply to the n-th asking of a question', type: ['string', 'number', 'boolean', 'null'] };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Answers for engine-setup',
    type: 'object',
    properties: {
      ...properties(entries),
      QUESTION: { type: 'object', patternProperties: { '^[1-9][0-9]*/.': reply } },
    },
    patternProperties: { '^QUESTION/[1-9][0-9]*/.': reply },
    $defs: Object.fromEntries(settings.map((setting) => [setting.key, schemaOf(setting)])),
  };
}
