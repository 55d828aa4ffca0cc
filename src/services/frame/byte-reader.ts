import type { Readable } from 'node:stream';

/** Reads a stream in pieces of chosen sizes. */
export interface ByteReader {
  /** So many bytes; the rest stays in the stream. Throws what ended the stream, if it ends before. */
  take(count: number): Promise<Buffer>;
  /** Whether anything has arrived within a time. */
  speaks(withinMs: number): Promise<boolean>;
  /** Leaves the stream to whoever reads it from here on. */
  release(): void;
}

const events = ['readable', 'end', 'close', 'error'] as const;

/** Makes a reader. It listens all the time: a listener that is added again finds what is already there, again and again. */
export function createByteReader(stream: Readable): ByteReader {
  let wake = (): void => undefined;
  const listener = (): void => wake();
  for (const event of events) stream.on(event, listener);
  const change = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  return {
    async take(count) {
      if (count === 0) return Buffer.alloc(0);
      for (;;) {
        const bytes = stream.read(count) as Buffer | null;
        if (bytes?.length === count) return bytes;
        if (bytes !== null || stream.readableEnded || stream.destroyed) throw stream.errored ?? new Error('the connection was closed');
        await change();
      }
    },
    async speaks(withinMs) {
      const silence = setTimeout(() => wake(), withinMs);
      if (stream.readableLength === 0) await change();
      clearTimeout(silence);
      return stream.readableLength > 0;
    },
    release() {
      for (const event of events) stream.off(event, listener);
    },
  };
}
