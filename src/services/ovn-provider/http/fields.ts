import { badRequest } from './fault.ts';

/** The fields of a resource in the body of a request. Null takes a value away; a field that is not there leaves it as it is. */
export interface Fields {
  has(name: string): boolean;
  text(name: string, longest?: number): string | null | undefined;
  flag(name: string): boolean | undefined;
  integer(name: string, least: number, most: number): number | null | undefined;
  texts(name: string): readonly string[] | undefined;
  /** A list of objects, or one object, as fields of their own. */
  objects(name: string): readonly Fields[] | undefined;
  object(name: string): Fields | null | undefined;
  /** Throws a fault that names fields which are not among these. */
  only(known: readonly string[]): void;
}

/** The fields of `{"network": {...}}`. Throws a fault where they are not there. */
export function unwrap(body: Readonly<Record<string, unknown>>, wrapper: string): Fields {
  const value = body[wrapper];
  if (!isObject(value)) throw badRequest(`The body must be {"${wrapper}": {...}}.`);
  return fieldsOf(value);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the fields of an object. Every reader throws a fault that names the field and what it must be. */
export function fieldsOf(values: Readonly<Record<string, unknown>>): Fields {
  const valueOf = (name: string): unknown => (Object.hasOwn(values, name) ? values[name] : undefined);
  const listOf = (name: string): readonly unknown[] | undefined => {
    const value = valueOf(name);
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value) || value.length > 1000) throw badRequest(`${name} must be a list of at most 1000 elements.`);
    return value as readonly unknown[];
  };
  return {
    has: (name) => valueOf(name) !== undefined,
    text(name, longest = 255) {
      const value = valueOf(name);
      if (value === undefined || value === null) return value;
      if (typeof value !== 'string' || value.length > longest || /\p{Cc}/u.test(value)) {
        throw badRequest(`${name} must be a text of at most ${longest} characters, none of them a control character.`);
      }
      return value;
    },
    flag(name) {
      const value = valueOf(name);
      if (value === undefined) return undefined;
      if (typeof value !== 'boolean') throw badRequest(`${name} must be true or false.`);
      return value;
    },
    integer(name, least, most) {
      const value = valueOf(name);
      if (value === undefined || value === null) return value;
      // Command lines send numbers as texts.
      const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most) {
        throw badRequest(`${name} must be a whole number from ${least} to ${most}.`);
      }
      return number;
    },
    texts(name) {
      const list = listOf(name);
      if (list?.some((one) => typeof one !== 'string' || one.length > 255) === true) throw badRequest(`${name} must be a list of texts.`);
      return list as readonly string[] | undefined;
    },
    objects(name) {
      return listOf(name)?.map((one) => {
        if (!isObject(one)) throw badRequest(`${name} must be a list of objects.`);
        return fieldsOf(one);
      });
    },
    object(name) {
      const value = valueOf(name);
      if (value === undefined || value === null) return value;
      if (!isObject(value)) throw badRequest(`${name} must be an object.`);
      return fieldsOf(value);
    },
    only(known) {
      const others = Object.keys(values).filter((name) => !known.includes(name));
      if (others.length > 0) throw badRequest(`These fields are not known here: ${others.slice(0, 10).join(', ')}.`);
    },
  };
}

/** A field that has to be there. */
export function required(fields: Fields, name: string): string {
  const value = fields.text(name);
  if (value === undefined || value === null || value === '') throw badRequest(`${name} is missing.`);
  return value;
}
