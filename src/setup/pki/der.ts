/* DER (X.690), as much of it as PKCS#12 and requests are made of. node-forge has all of it, but is too slow to load for a mere look. */

export const tags = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  nothing: 0x05,
  oid: 0x06,
  bmp: 0x1e,
  sequence: 0x30,
  set: 0x31,
  /** `[0] EXPLICIT` */
  inside: 0xa0,
  /** `[0] IMPLICIT OCTET STRING` */
  implicit: 0x80,
} as const;

/** The digits of a number to a base that is a power of two, the most significant one first; one digit at least. */
function digits(number: number, bits: number): readonly number[] {
  const base = 2 ** bits;
  return number < base ? [number] : [...digits(Math.floor(number / base), bits), number % base];
}

/** A value with all that stands in it. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const size = digits(body.length, 8);
  return Buffer.concat([Buffer.from(body.length < 0x80 ? [tag, ...size] : [tag, 0x80 | size.length, ...size]), body]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(tags.sequence, ...parts);
/** What has no order is sorted. */
export const set = (...parts: readonly Uint8Array[]): Buffer => der(tags.set, ...parts.toSorted((a, b) => Buffer.compare(a, b)));
export const octets = (bytes: Uint8Array): Buffer => der(tags.octets, bytes);
export const inside = (value: Uint8Array): Buffer => der(tags.inside, value);
export const nothing = der(tags.nothing);

/** A number that is not negative: it gets a zero byte in front where its first bit would say that it is. */
export function integer(number: number): Buffer {
  const bytes = digits(number, 8);
  return der(tags.integer, Buffer.from((bytes[0] ?? 0) < 0x80 ? bytes : [0, ...bytes]));
}

/** An object identifier, such as `1.2.840.113549.1.7.1`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const arcs = [first * 40 + second, ...others].map((arc) => digits(arc, 7));
  return der(tags.oid, Buffer.from(arcs.flatMap((arc) => arc.map((digit, at) => (at < arc.length - 1 ? digit | 0x80 : digit)))));
}

/** One value, as it was read. */
export interface Value {
  readonly tag: number;
  readonly body: Buffer;
  /** With its tag and its length. */
  readonly whole: Buffer;
}

/** The values that stand one after the other. Throws Error where that is no DER. */
export function valuesIn(bytes: Buffer): readonly Value[] {
  const found: Value[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag = 0, short = 0] = bytes.subarray(at);
    const count = short < 0x80 ? 0 : short & 0x7f;
    const from = at + 2 + count;
    // Tags of several bytes and lengths that come at the end do not occur; what is so large does not, either.
    if ((tag & 0x1f) === 0x1f || short === 0x80 || count > 4 || from > bytes.length) throw new Error('no DER');
    const to = from + (count === 0 ? short : bytes.readUIntBE(at + 2, count));
    if (to > bytes.length) throw new Error('cut off');
    found.push({ tag, body: bytes.subarray(from, to), whole: bytes.subarray(at, to) });
    at = to;
  }
  return found;
}

/** What a value holds. Throws Error if it is none of that kind. */
export function bodyOf(value: Value | undefined, tag: number): Buffer {
  if (value?.tag !== tag) throw new Error('another structure');
  return value.body;
}

/** The values in a value; of a sequence, where nothing is said. Throws Error if it is none of that kind. */
export const partsOf = (value: Value | undefined, tag: number = tags.sequence): readonly Value[] => valuesIn(bodyOf(value, tag));

/** Whether a value is this object identifier. */
export const isOid = (value: Value | undefined, wanted: Buffer): boolean => value?.whole.equals(wanted) === true;

/** Throws Error if it is not. */
export function mustBe(value: Value | undefined, wanted: Buffer): void {
  if (!isOid(value, wanted)) throw new Error('another kind');
}
