import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { one, queryOf } from '../http/fields.ts';
import { badRequest } from '../http/refusal.ts';
import { chooseFormat, type Format } from './accept.ts';
import { parseTarget } from './target.ts';

/**
 * A parameter of the API, which clients may give in the query, as a matrix parameter, or as a header. Null when absent.
 * `header` is null for those that are not looked up there.
 */
export function parameter(request: FastifyRequest, name: string, header: string | null): string | null {
  const inUrl = one(queryOf(request), name) ?? one(parseTarget(request.originalUrl)?.matrix ?? new Map(), name);
  if (inUrl !== null || header === null) return inUrl;
  const value = request.headers[header];
  return typeof value === 'string' ? value : null;
}

/** The format of the answer. Never throws, since faults need it too. */
export function formatOf(request: FastifyRequest): Format {
  const asked = queryOf(request).get('accept')?.[0] ?? parseTarget(request.originalUrl)?.matrix.get('accept')?.[0];
  return chooseFormat(asked ?? request.headers.accept);
}

/** Repeats the client's correlation id, cleaned, or makes one. Returns the id. */
export function correlate(request: FastifyRequest, reply: FastifyReply): string {
  const matrix = parseTarget(request.originalUrl)?.matrix;
  const given = queryOf(request).get('correlation_id')?.[0] ?? matrix?.get('correlation_id')?.[0] ?? request.headers['correlation-id'];
  const cleaned = typeof given === 'string' ? given.replace(/[^\w-]/g, '').slice(0, 36) : '';
  const id = cleaned === '' ? randomUUID() : cleaned;
  reply.header('correlation-id', id);
  return id;
}

/** Throws a 400 unless the client speaks version 4 of the API, or does not say. */
export function requireVersion(request: FastifyRequest): void {
  const inPath = parseTarget(request.originalUrl)?.version ?? null;
  const inHeader = request.headers['version'] ?? null;
  for (const version of [inPath, inHeader]) {
    if (version !== null && version !== '4') throw badRequest('Only version 4 of the API is supported.');
  }
}

/** Whether the client asked to see what an ordinary user sees. Throws a 400 for anything but a boolean. */
export function isFiltered(request: FastifyRequest): boolean {
  return flag(request, 'filter', 'filter');
}

/** A parameter that is a boolean; present without a value it is true, and absent it is false. Throws a 400 for anything else. */
export function flag(request: FastifyRequest, name: string, header: string | null = null): boolean {
  const value = parameter(request, name, header);
  if (value === null) return false;
  if (/^(t|true|y|yes|1|)$/i.test(value)) return true;
  if (/^(f|false|n|no|0)$/i.test(value)) return false;
  throw badRequest(`The parameter ${name} must be true or false.`);
}

/** Whether the client wants to be answered only when what it asked for is done: `Expect: 201-created`. */
export function wantsItDone(request: FastifyRequest): boolean {
  const words = (parameter(request, 'expect', 'expect') ?? '').toLowerCase().split(/[,;]/);
  return words.some((word) => word.trim() === '201-created');
}

/** A parameter that is a whole number; null when absent. Throws a 400 for anything else. */
export function wholeNumber(request: FastifyRequest, name: string): number | null {
  const value = parameter(request, name, null);
  if (value === null) return null;
  if (!/^-?\d{1,15}$/.test(value)) throw badRequest(`The parameter ${name} must be a whole number.`);
  return Number(value);
}
