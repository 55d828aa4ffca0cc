/* XDR (RFC 4506), the form in which libvirt's RPC carries values: big-endian, everything filled up to four bytes. */

/** Puts values one after the other. */
export interface XdrWriter {
  int(value: number): XdrWriter;
  /** 64 bits, of a number from 0 on that is counted exactly. */
  hyper(value: number): XdrWriter;
  text(value: string): XdrWriter;
  /** A value that may be missing. */
  optionalText(value: string | null): XdrWriter;
  /** Bytes of a length that both sides know. */
  fixed(bytes: Buffer): XdrWriter;
  bytes(): Buffer;
}

const filling = (length: number): number => (4 - (length % 4)) % 4;

/** Makes a writer. */
export function xdrWriter(): XdrWriter {
  const pieces: Buffer[] = [];
  const writer: XdrWriter = {
    int(value) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value >>> 0);
      pieces.push(bytes);
      return writer;
    },
    hyper(value) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(value));
      return writer.fixed(bytes);
    },
    text(value) {
      const bytes = Buffer.from(value);
      return writer.int(bytes.length).fixed(bytes);
    },
    optionalText: (value) => (value === null ? writer.int(0) : writer.int(1).text(value)),
    fixed(bytes) {
      pieces.push(bytes, Buffer.alloc(filling(bytes.length)));
      return writer;
    },
    bytes: () => Buffer.concat(pieces),
  };
  return writer;
}

/** Takes values in the order in which they stand. Every method throws RangeError when the bytes end before. */
export interface XdrReader {
  int(): number;
  unsigned(): number;
  /** 64 bits. What is beyond 2^53 loses its last digits. */
  hyper(): number;
  unsignedHyper(): number;
  double(): number;
  text(): string;
  optionalText(): string | null;
  fixed(length: number): Buffer;
  list<T>(one: () => T): T[];
}

/** Makes a reader of bytes, which may be anything. */
export function xdrReader(bytes: Buffer): XdrReader {
  let at = 0;
  const skip = (length: number): number => {
    const from = at;
    if (length > bytes.length - at) throw new RangeError('a message of libvirt ends too early');
    at += length;
    return from;
  };
  const reader: XdrReader = {
    int: () => bytes.readInt32BE(skip(4)),
    unsigned: () => bytes.readUInt32BE(skip(4)),
    hyper: () => Number(bytes.readBigInt64BE(skip(8))),
    unsignedHyper: () => Number(bytes.readBigUInt64BE(skip(8))),
    double: () => bytes.readDoubleBE(skip(8)),
    text: () => reader.fixed(reader.unsigned()).toString(),
    optionalText: () => (reader.int() === 0 ? null : reader.text()),
    fixed(length) {
      const from = skip(length);
      skip(filling(length));
      return bytes.subarray(from, from + length);
    },
    list(one) {
      const count = reader.unsigned();
      // Nothing takes less than four bytes.
      if (count > (bytes.length - at) / 4) throw new RangeError('a list of libvirt is longer than its message');
      return Array.from({ length: count }, one);
    },
  };
  return reader;
}
