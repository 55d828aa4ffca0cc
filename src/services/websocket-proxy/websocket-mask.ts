import http from 'node:http';

/*
 * The masking of RFC 6455, section 5.3, four bytes at a time. `ws` does it byte by byte, which was a third of all that the
 * proxy did, unless `node:http` has functions for it, as later versions of the runtime do: here they are for this one.
 * This file has to be imported before `ws`.
 */

interface MaskFunctions {
  websocketMask?: (source: Uint8Array, mask: Uint8Array, output: Uint8Array, offset: number, length: number) => void;
  websocketUnmask?: (bytes: Uint8Array, mask: Uint8Array) => void;
}

/** Applies a mask of four bytes in place, which also takes it off again. */
export function unmask(bytes: Uint8Array, mask: Uint8Array): void {
  const { buffer, byteOffset, length } = bytes;
  // Words begin at multiples of four of the memory below, whatever piece of it these bytes are.
  const start = -byteOffset & 3;
  const count = Math.max(0, (length - start) >> 2);
  if (count === 0) return oneByOne(bytes, mask, 0, length);
  oneByOne(bytes, mask, 0, start);
  const [word = 0] = new Int32Array(Uint8Array.from({ length: 4 }, (_, at) => mask[(start + at) & 3] ?? 0).buffer);
  const words = new Int32Array(buffer, byteOffset + start, count);
  for (let at = 0; at < count; at++) words[at] = (words[at] ?? 0) ^ word;
  oneByOne(bytes, mask, start + 4 * count, length);
}

function oneByOne(bytes: Uint8Array, mask: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at++) bytes[at] = (bytes[at] ?? 0) ^ (mask[at & 3] ?? 0);
}

const runtime = http as typeof http & MaskFunctions;
if (runtime.websocketUnmask === undefined) {
  runtime.websocketUnmask = unmask;
  runtime.websocketMask = (source, mask, output, offset, length) => {
    output.set(source.subarray(0, length), offset);
    unmask(output.subarray(offset, offset + length), mask);
  };
}
