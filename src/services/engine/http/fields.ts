import type { FastifyRequest } from 'fastify';
import { badRequest } from './refusal.ts';

/** Names and values of a query or a form, in the order they came. A name may occur more than once. */
export type Fields = ReadonlyMap<string, readonly string[]>;

/** Decodes `a=1&b=2`. Broken percent codes stay as they are, broken UTF-8 becomes U+FFFD: neither is an error. */
export function parseFields(text: string): Fields {
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return fields;
}

/** The value of a field, or null when absent. Throws a 400 when it is ambiguous or contains NUL. */
export function one(fields: Fields, name: string): string | null {
  const values = fields.get(name) ?? [];
  if (values.length > 1) throw badRequest(`The parameter ${name} occurs more than once.`);
  const value = values[0] ?? null;
  if (value?.includes('\0') === true) throw badRequest(`The parameter ${name} contains a NUL character.`);
  return value;
}

/** The fields of the query. */
export function queryOf(request: FastifyRequest): Fields {
  const url = request.originalUrl;
  const mark = url.indexOf('?');
  return parseFields(mark === -1 ? '' : url.slice(mark + 1));
}

/** The fields of a form that was posted; none for any other request. */
export function formOf(request: FastifyRequest): Fields {
  return request.body instanceof Map ? (request.body as Fields) : new Map();
}

/** Query and form together, as clients may use either. A name in both places counts as ambiguous. */
export function allFieldsOf(request: FastifyRequest): Fields {
  const all = new Map(queryOf(request));
  for (const [name, values] of formOf(request)) all.set(name, [...(all.get(name) ?? []), ...values]);
  return all;
}
