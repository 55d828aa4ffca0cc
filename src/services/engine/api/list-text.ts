import type { Entity } from './types.ts';

/** A list that is written member by member, so that none of them is kept. What is written is taken away in parts. */
export interface ListText {
  /** Bytes that are written and not taken. */
  size(): number;
  add(entity: Entity): void;
  take(): Buffer;
  /** The last part. Nothing can be added any more. */
  end(): Buffer;
}

/** Bytes of a block. */
const blockSize = 65_536;
/** So many blocks are kept for the next list. */
const mostKept = 64;

/*
 * Blocks are used again because memory beside the heap counts for its limits: a megabyte of it for each list would have the collector
 * look through everything after every few lists.
 */
const blocks: Buffer[] = [];
const nothing = Buffer.alloc(0);

/** A text that grows, and is taken away in parts. */
export interface CollectedText {
  size(): number;
  put(text: string): void;
  /** What was put since the last time. */
  take(): Buffer;
}

/** Collects a text as bytes. Short pieces, soon made into bytes, cost the collector nothing; a text that grows does. */
export function collectText(): CollectedText {
  let parts: Buffer[] = [];
  let used: Buffer[] = [];
  let block: Buffer = nothing;
  /** Of the block: where the present part begins and ends. Of the parts before it: their bytes. */
  let [begin, end, before] = [0, 0, 0];

  function closePart(part = block.subarray(begin, end)): void {
    parts.push(part);
    before += part.length;
    begin = end;
  }

  return {
    size: () => before + end - begin,
    put(text) {
      // Each unit of a text may become three bytes.
      const most = text.length * 3;
      if (most > blockSize) {
        closePart();
        closePart(Buffer.from(text));
        return;
      }
      if (most > block.length - end) {
        closePart();
        block = blocks.pop() ?? Buffer.allocUnsafeSlow(blockSize);
        used.push(block);
        begin = end = 0;
      }
      end += block.write(text, end);
    },
    take() {
      closePart();
      const all = Buffer.concat(parts);
      blocks.push(...used.slice(0, mostKept - blocks.length));
      [parts, used, block] = [[], [], nothing];
      begin = end = before = 0;
      return all;
    },
  };
}
