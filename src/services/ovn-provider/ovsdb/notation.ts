/*
 * How OVSDB writes values (RFC 7047, section 5.1), and what they are to us: sets are lists, references are the UUIDs as texts.
 */

export type Atom = string | number | boolean | readonly ['uuid', string];
export type Value = Atom | readonly ['set', readonly Atom[]] | readonly ['map', readonly (readonly [string, string])[]];

/** A reference to a row. */
export const uuid = (id: string): Atom => ['uuid', id];
export const uuids = (ids: readonly string[]): Value => ['set', ids.map(uuid)];
export const set = (atoms: readonly Atom[]): Value => ['set', atoms];
/** A map of texts; keys whose value is undefined are left out. */
export const map = (entries: Readonly<Record<string, string | undefined>>): Value => [
  'map',
  Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
];

/** What a column of each kind holds, to us. */
export interface Kinds {
  readonly text: string;
  readonly optionalText: string | undefined;
  readonly optionalNumber: number | undefined;
  readonly optionalFlag: boolean | undefined;
  readonly texts: readonly string[];
  readonly map: ReadonlyMap<string, string>;
}
export type Kind = keyof Kinds;

const textOf = (atom: unknown): string => String(Array.isArray(atom) ? atom[1] : atom);

/** The elements of a set; a set of one may be written without its brackets. */
const elementsOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) && value[0] === 'set' ? (value[1] as readonly unknown[]) : [value];

const entriesOf = (value: unknown): readonly (readonly [string, string])[] =>
  Array.isArray(value) && value[0] === 'map'
    ? (value[1] as readonly (readonly [unknown, unknown])[]).map(([key, one]) => [textOf(key), textOf(one)])
    : [];

const readers: { readonly [K in Kind]: (value: unknown) => Kinds[K] } = {
  text: textOf,
  optionalText: (value) => elementsOf(value).map(textOf)[0],
  optionalNumber: (value) => elementsOf(value).map(Number)[0],
  optionalFlag: (value) => elementsOf(value).map((one) => one === true)[0],
  texts: (value) => elementsOf(value).map(textOf),
  map: (value) => new Map(entriesOf(value)),
};

/** What a column holds of which the server says nothing, as it does for new rows. */
export const empty: { readonly [K in Kind]: Kinds[K] } = {
  text: '',
  optionalText: undefined,
  optionalNumber: undefined,
  optionalFlag: undefined,
  texts: [],
  map: new Map(),
};

/** Reads a whole value. */
export const decode = (kind: Kind, value: unknown): Kinds[Kind] => readers[kind](value);

/**
 * Reads what has changed of a value (ovsdb-server(7), update2): of sets that may have several elements, and of maps, the difference alone
 * is told.
 */
export function amend(kind: Kind, before: Kinds[Kind], value: unknown): Kinds[Kind] {
  if (kind === 'texts') {
    const after = new Set(before as Kinds['texts']);
    for (const one of elementsOf(value).map(textOf)) if (!after.delete(one)) after.add(one);
    return [...after];
  }
  if (kind === 'map') {
    const after = new Map(before as Kinds['map']);
    for (const [key, one] of entriesOf(value)) {
      if (after.get(key) === one) after.delete(key);
      else after.set(key, one);
    }
    return after;
  }
  return readers[kind](value);
}
