import type { DirtyExtent, Extent } from './image.ts';

/** Where images of this machine may lie, and what helps with them. */
export interface LocalPlaces {
  /** Folders; none means any. */
  readonly folders: readonly string[];
  /** Path of QEMU's NBD server, which knows of holes in files. */
  readonly qemuNbd: string;
}

/** An image of this machine that is open: bytes at places. */
export interface Blocks {
  /** Fills the buffer with what lies at a place. */
  read(into: Buffer, offset: number): Promise<void>;
  write(pieces: readonly Buffer[], offset: number): Promise<void>;
  /** Makes a range read as zeroes, without writing them where that can be done. */
  zero(offset: number, length: number): Promise<void>;
  /** Has all that was written on the disk. */
  flush(): Promise<void>;
  /** From the beginning to the end, without gaps. */
  extents(): AsyncIterable<Extent>;
  /** The same for changes; null where none are kept track of. */
  dirtyExtents: (() => AsyncIterable<DirtyExtent>) | null;
  close(): Promise<void>;
}
