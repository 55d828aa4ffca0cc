import type { DirtyExtent, Extent } from '../images/image.ts';
import type { NbdClient, StatusRun } from './client.ts';
import { allocation, contexts } from './protocol.ts';

/** What is known of some bytes, by context. */
type Facts = ReadonlyMap<string, number>;

/** Asks until everything from a place up to `size` is known; runs are cut so that each has one answer of every context. */
async function* facts(
  client: NbdClient,
  wanted: readonly string[],
  size: number,
  from = 0,
): AsyncGenerator<{ start: number; length: number; facts: Facts }> {
  for (let start = from; start < size;) {
    const status = await client.status(start, size - start);
    const queues = wanted.map((context) => ({ context, runs: [...(status.get(context) ?? [])] as StatusRun[] }));
    let [length, at] = [0, start];
    while (at < size && queues.every(({ runs }) => runs.length > 0)) {
      length = Math.min(size - at, ...queues.map(({ runs }) => runs[0]?.length ?? 0));
      yield { start: at, length, facts: new Map(queues.map(({ context, runs }) => [context, runs[0]?.flags ?? 0])) };
      at += length;
      for (const { runs } of queues) {
        const [first] = runs;
        if (first === undefined) continue;
        if (first.length > length) runs[0] = { length: first.length - length, flags: first.flags };
        else runs.shift();
      }
    }
    if (at === start) throw new Error('the NBD server knows nothing of its blocks');
    start = at;
  }
}

/** Joins neighbours that are of one kind. */
async function* joined<E extends object & { readonly start: number; readonly length: number }>(
  extents: AsyncIterable<E>,
  isAlike: (a: E, b: E) => boolean,
): AsyncGenerator<E> {
  let last: E | undefined;
  for await (const extent of extents) {
    if (last !== undefined && isAlike(last, extent)) last = { ...last, length: last.length + extent.length };
    else {
      if (last !== undefined) yield last;
      last = extent;
    }
  }
  if (last !== undefined) yield last;
}

const has = (client: NbdClient, context: string): boolean => [...client.contexts.values()].includes(context);

/** The extents of an export, from a place up to a size. */
export function zeroExtents(client: NbdClient, size: number, from = 0): AsyncIterable<Extent> {
  const knowsDepth = has(client, contexts.depth);
  const wanted = [contexts.allocation, ...(knowsDepth ? [contexts.depth] : [])];
  const all = async function* (): AsyncGenerator<Extent> {
    for await (const { start, length, facts: known } of facts(client, wanted, size, from)) {
      const zero = ((known.get(contexts.allocation) ?? 0) & allocation.zero) !== 0;
      yield { start, length, zero, hole: knowsDepth && known.get(contexts.depth) === 0 };
    }
  };
  return joined(all(), (a, b) => a.zero === b.zero && a.hole === b.hole);
}

/** What has changed by the bitmap that the server exports; null where it has none. */
export function changes(client: NbdClient, size: number): (() => AsyncIterable<DirtyExtent>) | null {
  const bitmap = [...client.contexts.values()].find((context) => context.startsWith(contexts.bitmaps));
  if (bitmap === undefined) return null;
  const all = async function* (): AsyncGenerator<DirtyExtent> {
    for await (const { start, length, facts: known } of facts(client, [contexts.allocation, bitmap], size)) {
      const zero = ((known.get(contexts.allocation) ?? 0) & allocation.zero) !== 0;
      yield { start, length, dirty: ((known.get(bitmap) ?? 0) & 1) !== 0, zero };
    }
  };
  return () => joined(all(), (a, b) => a.dirty === b.dirty && a.zero === b.zero);
}
