import type { Json } from './rest.ts';

/* Answers of an engine, looked into with care. */

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const objectOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
export const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly unknown[]).map(objectOf) : []);
