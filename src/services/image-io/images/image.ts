import type { Readable, Writable } from 'node:stream';
import type { ByteRange } from '../byte-range.ts';

/** A part of an image that is all of one kind. */
export interface Extent {
  readonly start: number;
  readonly length: number;
  /** It reads as zeroes. */
  readonly zero: boolean;
  /** It has nothing in the top layer of a qcow2 image, so that what lies below shows. Raw images have none. */
  readonly hole: boolean;
}

/** The same for what has changed since an earlier backup. */
export type DirtyExtent = Pick<Extent, 'start' | 'length' | 'zero'> & { readonly dirty: boolean };

export type ExtentContext = 'zero' | 'dirty';

export interface ChecksumOrder {
  readonly algorithm: string;
  readonly blockSize: number;
}

/** One image that is open. Ranges lie within it. All throw Fault, or what went wrong below; and what the signal was aborted with. */
export interface Image {
  /** Sends bytes; `begin` is called when they are known to come, and gives where they go. */
  get(range: ByteRange, begin: () => Writable, signal: AbortSignal): Promise<void>;
  /** Takes bytes, and has them on the disk before it returns if `flush`. `progress` is told of bytes that were taken. */
  put(
    range: ByteRange,
    body: Readable,
    flush: boolean,
    progress: (start: number, length: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
  zero(range: ByteRange, flush: boolean, signal: AbortSignal): Promise<void>;
  flush(signal: AbortSignal): Promise<void>;
  /** All extents as JSON, in pieces. */
  extents(context: ExtentContext, signal: AbortSignal): AsyncIterable<string>;
  /** The checksum as hexadecimal digits. */
  checksum(order: ChecksumOrder, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}
