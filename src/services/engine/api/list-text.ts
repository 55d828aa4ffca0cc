import type { Entity } from './types.ts';

/** A list that is written member by member, so that none of them is kept. */
export interface ListText {
  add(entity: Entity): void;
  /** All of it, as bytes. Nothing can be added any more. */
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

/** Collects a text as bytes. Short pieces, soon made into bytes, cost the collector nothing; a text that grows does. */
export function collectText(): { put(text: string): void; end(): Buffer } {
  const parts: Buffer[] = [];
  const used: Buffer[] = [];
  let block = takeBlock();
  let [begin, length] = [0, 0];

  function takeBlock(): Buffer {
    const taken = blocks.pop() ?? Buffer.allocUnsafeSlow(blockSize);
    used.push(taken);
    return taken;
  }

  function closePart(): void {
    parts.push(block.subarray(begin, length));
    begin = length;
  }

  return {
    put(text) {
      // Each unit of a text may become three bytes.
      const most = text.length * 3;
      if (most > blockSize) {
        closePart();
        parts.push(Buffer.from(text));
        return;
      }
      if (most > blockSize - length) {
        closePart();
        block = takeBlock();
        begin = length = 0;
      }
      length += block.write(text, length);
    },
    end() {
      closePart();
      const all = Buffer.concat(parts);
      blocks.push(...used.slice(0, mostKept - blocks.length));
      return all;
    },
  };
}
