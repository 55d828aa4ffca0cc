import type { ByteRange } from '../byte-range.ts';
import { Fault } from '../fault.ts';

/** What a PATCH asks for. */
export type Patch = { readonly op: 'flush' } | ({ readonly op: 'zero'; readonly flush: boolean } & ByteRange);

/** Reads `{"op": "flush"}` or `{"op": "zero", "offset": 0, "size": N, "flush": false}`. Throws Fault. */
export function readPatch(body: unknown): Patch {
  const {
    op,
    offset = 0,
    size,
    flush = false,
  } = (typeof body === 'object' && body !== null ? body : {}) as Partial<Record<string, unknown>>;
  if (op === 'flush') return { op };
  if (op !== 'zero') throw new Fault(400, 'op must be zero or flush');
  const isBytes = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  if (!isBytes(size)) throw new Fault(400, 'size must be a number of bytes');
  if (!isBytes(offset) || !Number.isSafeInteger(offset + size)) throw new Fault(400, 'offset must be a number of bytes');
  if (typeof flush !== 'boolean') throw new Fault(400, 'flush must be true or false');
  return { op, start: offset, length: size, flush };
}
