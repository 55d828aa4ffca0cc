/** Which bytes of an image have been transferred, each counted once however often it came. */
export interface Coverage {
  add(start: number, length: number): void;
  readonly bytes: number;
}

/** Ranges that are remembered apart. Whoever transfers in more pieces than that at once is counted a little short until they meet. */
const mostRanges = 10_000;

export function createCoverage(): Coverage {
  /** Ordered, none touching the next: [first, behind the last]. */
  let ranges: [number, number][] = [];
  return {
    add(start, length) {
      if (length <= 0) return;
      const end = start + length;
      // The first range that ends at this one's start or behind it.
      let [low, high] = [0, ranges.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((ranges[middle]?.[1] ?? 0) < start) low = middle + 1;
        else high = middle;
      }
      let last = low;
      let merged: [number, number] = [start, end];
      for (let next = ranges[last]; next !== undefined && next[0] <= merged[1]; next = ranges[last]) {
        merged = [Math.min(merged[0], next[0]), Math.max(merged[1], next[1])];
        last++;
      }
      if (low === last && ranges.length >= mostRanges) return;
      ranges = low === last && low === ranges.length ? (ranges.push(merged), ranges) : ranges.toSpliced(low, last - low, merged);
    },
    get bytes() {
      return ranges.reduce((sum, [first, behind]) => sum + behind - first, 0);
    },
  };
}
