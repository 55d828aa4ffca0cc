/*
 * Upstream writes maps and lists of a result as pairs of the name of a Java type and the value, and its clients index them that
 * way: `['ovirt'][1]['group_ids'][1]`.
 */

export type Typed = string | number | boolean | null | readonly [string, unknown];

export const list = (items: readonly unknown[]): Typed => ['java.util.ArrayList', items];
export const map = (entries: Readonly<Record<string, unknown>>): Typed => ['java.util.HashMap', entries];
/** A record of a directory, whose keys are those of `record-keys`. */
export const record = (entries: Readonly<Record<string, unknown>>): Typed => ['org.ovirt.engine.api.extensions.ExtMap', entries];

const deepest = 10;

/** Turns what a client wrote in that form, or without the names of types, into plain values. Throws RangeError when it is too deep. */
export function untyped(value: unknown, depth = 0): unknown {
  if (depth > deepest) throw new RangeError('nested too deeply');
  if (Array.isArray(value)) {
    const [type, inner] = value as unknown[];
    if (value.length === 2 && typeof type === 'string' && /^\[?(java|org\.ovirt)\.[\w.$]+$/.test(type)) return untyped(inner, depth + 1);
    return value.map((item) => untyped(item, depth + 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, untyped(item, depth + 1)]));
}
