import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plugins } from '../../../plugins/index.ts';
import { type Schema, answersSchema } from '../../../scripts/reference-schema.ts';
import { confirmSettings } from '../../../src/setup/core/confirm.ts';
import { type Kind, choice, decision, integer, list, port, text, yesNo } from '../../../src/setup/kit/kinds.ts';

const settings = [...plugins.flatMap((plugin) => plugin.settings ?? []), confirmSettings];
const whole = answersSchema(settings);

/** The keywords that the schema may use, and what each of them demands of a value (JSON Schema, draft 2020-12). */
const keywords: Readonly<Record<string, (argument: unknown, value: unknown) => boolean>> = {
  $ref: (reference, value) => fulfils(value, resolve(reference as string)),
  anyOf: (schemas, value) => (schemas as Schema[]).some((schema) => fulfils(value, schema)),
  enum: (values, value) => (values as unknown[]).includes(value),
  type: (types, value) => [types].flat().some((type) => type === typeOf(value) || (type === 'number' && typeof value === 'number')),
  minimum: (bound, value) => typeof value !== 'number' || value >= (bound as number),
  maximum: (bound, value) => typeof value !== 'number' || value <= (bound as number),
  pattern: (pattern, value) => typeof value !== 'string' || new RegExp(pattern as string, 'u').test(value),
  items: (schema, value) => !Array.isArray(value) || value.every((item) => fulfils(item, schema as Schema)),
  properties: (properties, value) =>
    entriesOf(value).every(
      ([key, item]) => !Object.hasOwn(properties as object, key) || fulfils(item, (properties as Record<string, Schema>)[key]!),
    ),
  patternProperties: (patterns, value) =>
    Object.entries(patterns as Record<string, Schema>).every(([pattern, schema]) =>
      entriesOf(value).every(([key, item]) => !new RegExp(pattern, 'u').test(key) || fulfils(item, schema)),
    ),
};
const annotations = new Set(['$schema', 'title', 'description', 'default', 'deprecated', 'writeOnly', '$defs']);

const entriesOf = (value: unknown) => (typeOf(value) === 'object' ? Object.entries(value as object) : []);

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function resolve(reference: string): Schema {
  const [hash, ...path] = reference.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  expect(hash).toBe('#');
  const found = path.reduce<unknown>((inside, part) => (inside as Record<string, unknown>)[part], whole);
  expect(typeOf(found), reference).toBe('object');
  return found as Schema;
}

/** Whether a value fulfils a schema. Throws for a keyword that there is not. */
function fulfils(value: unknown, schema: Schema): boolean {
  return Object.entries(schema).every(([keyword, argument]) => {
    const demand = keywords[keyword];
    if (demand === undefined && !annotations.has(keyword)) throw new Error(`${keyword} is not a keyword of the schema`);
    return demand?.(argument, value) ?? true;
  });
}

/** Values as they can stand in YAML: some at random, and spellings near to what kinds take. */
const values = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.oneof(fc.boolean(), fc.integer(), fc.double(), fc.constant(null)),
  fc.array(fc.string()),
  fc.constantFrom(
    ' yes ',
    'NO',
    'Automatic',
    'mAnUaL',
    '0',
    '5432',
    ' 7',
    '070',
    'Virt',
    'virt',
    'BOTH',
    1,
    0,
    2,
    'a, b',
    '',
    'c++',
    'C++',
  ),
);

describe('the schema of a kind', () => {
  const kinds: readonly Kind<unknown>[] = [
    ...[text, port, integer(0, 10), yesNo, decision('Automatic', 'Manual'), list],
    ...[choice('Virt', 'Gluster', 'Both'), choice('1', '2'), choice('c++', '(a|b)')],
  ];

  test.each(kinds.map((kind) => [kind.name, kind] as const))('%s holds for everything that the kind accepts', (_, kind) => {
    fc.assert(
      fc.property(values, (value) => {
        try {
          kind.parse(value);
        } catch {
          return true;
        }
        return fulfils(value, kind.schema as Schema);
      }),
      { numRuns: 1000 },
    );
  });

  test.each(kinds.map((kind) => [kind.name, kind] as const))('%s says no to what is far off', (_, kind) => {
    expect([{}, null, [1], 0.5].filter((value) => fulfils(value, kind.schema as Schema))).toEqual([]);
  });
});

describe('the schema of answer files', () => {
  const valid = (value: unknown): boolean => fulfils(value, whole);

  test('is one of draft 2020-12 that can be read as such', () => {
    expect(whole['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    // Every part is looked into: a keyword that does not exist, or a reference that leads nowhere, throws.
    for (const { key } of settings) expect(valid({ [key]: null }), key).toBe(true);
    expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
  });

  test('takes the default of every setting, and every choice', () => {
    for (const { key, initial, kind } of settings) {
      if (initial !== undefined && typeof initial !== 'function') expect(valid({ [key]: initial as unknown }), key).toBe(true);
      for (const word of kind.choices ?? []) expect(valid({ [key]: word }), `${key}: ${word}`).toBe(true);
    }
  });

  test('takes keys whole and nested, replies, former keys, nothing, and what it does not know', () => {
    expect(valid({ 'OVESETUP_CONFIG/fqdn': 'x', OVESETUP_DB: { port: 5432 }, OVESETUP_CONFIG: { updateFirewall: null } })).toBe(true);
    expect(valid({ 'QUESTION/1/X': 'no', QUESTION: { '2/X': true } })).toBe(true);
    expect(valid({ 'OVESETUP_DIALOG/engineStop': true, 'X/y': [{}], X: 1 })).toBe(true);
  });

  test('refuses values of the wrong type, in both forms', () => {
    for (const [space, name, value] of [
      ['OVESETUP_CONFIG', 'fqdn', 5],
      ['OVESETUP_DB', 'port', true],
      ['OVESETUP_CORE', 'engineStop', 'maybe'],
    ] as const) {
      expect(valid({ [`${space}/${name}`]: value }), name).toBe(false);
      expect(valid({ [space]: { [name]: value } }), name).toBe(false);
    }
    expect(valid({ 'OVESETUP_DIALOG/engineStop': 'maybe' })).toBe(false);
    expect(valid({ 'QUESTION/1/X': ['no'] })).toBe(false);
    expect(valid([])).toBe(false);
  });
});
