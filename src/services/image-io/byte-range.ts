import { Fault } from './fault.ts';

/** Bytes of an image. */
export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

const beyond = (size: number): Fault =>
  new Fault(416, `the range ends behind the image, which has ${size} bytes`, { headers: { 'content-range': `bytes */${size}` } });

/** Throws Fault where a range reaches behind the end: nothing is ever cut short without a word. */
export function within(range: ByteRange, size: number): ByteRange {
  if (range.start + range.length > size) throw beyond(size);
  return range;
}

/**
 * What a request for bytes wants: `Range: bytes=A-B` or `bytes=A-` (RFC 9110, section 14), or all. Suffixes and several ranges are
 * refused. Throws Fault.
 */
export function readRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) return { start: 0, length: size };
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(header.trim()) ?? [];
  if (first === undefined) throw new Fault(416, 'Range must be bytes=FIRST-LAST or bytes=FIRST-');
  const start = Number(first);
  const end = last === undefined ? size : Number(last) + 1;
  if (start >= size) throw beyond(size);
  if (end <= start) throw new Fault(416, 'Range must not end before it begins');
  return within({ start, length: end - start }, size);
}

/** Where the bytes of an upload begin: `Content-Range: bytes A-B/TOTAL`, of which A alone counts; 0 without one. Throws Fault. */
export function readContentRange(header: string | undefined): number {
  if (header === undefined) return 0;
  const [, first] = /^bytes (\d{1,15})-(?:\d{1,15}|\*)\/(?:\d{1,15}|\*)$/.exec(header.trim()) ?? [];
  if (first === undefined) throw new Fault(400, 'Content-Range must be bytes FIRST-LAST/*');
  return Number(first);
}

/** The length of a body, which must be said before it comes. Throws Fault. */
export function readContentLength(header: string | undefined): number {
  if (header === undefined || !/^\d{1,15}$/.test(header)) throw new Fault(400, 'Content-Length is needed');
  return Number(header);
}
