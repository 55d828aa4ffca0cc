/*
 * JSON-RPC over a stream has nothing between its messages (RFC 7047, section 4): each ends where its outermost object does.
 */

const quote = 0x22;
const backslash = 0x5c;
const opening = new Set([0x7b, 0x5b]);
const closing = new Set([0x7d, 0x5d]);

/**
 * Makes a function that takes the bytes of a stream as they come and returns the messages which they complete. It throws a SyntaxError
 * for bytes that are no JSON, and a RangeError once a message has more than `longest` bytes.
 */
export function createJsonSplitter(longest: number): (chunk: Buffer) => unknown[] {
  let parts: Buffer[] = [];
  let length = 0;
  let depth = 0;
  let quoted = false;
  let escaped = false;

  return (chunk) => {
    const found: unknown[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (quoted) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) quoted = false;
      } else if (byte === quote) quoted = true;
      else if (opening.has(byte)) depth++;
      else if (closing.has(byte) && --depth === 0) {
        found.push(JSON.parse(Buffer.concat([...parts, chunk.subarray(start, at + 1)]).toString('utf8')));
        parts = [];
        length = 0;
        start = at + 1;
      }
      if (depth < 0) throw new SyntaxError('a bracket is closed that was never opened');
    }
    const rest = chunk.subarray(start);
    length += rest.length;
    if (length > longest) throw new RangeError(`a message has more than ${longest} bytes`);
    if (rest.length > 0) parts.push(rest);
    return found;
  };
}
