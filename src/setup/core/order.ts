/** Something with a place in a written order: named by the outline, or standing after something that is. */
interface Placed {
  readonly name: string;
  readonly after: string | undefined;
}

/**
 * Puts items in a written order. Those that it does not name stand right behind the one they name with `after`, in the order given.
 * Throws a plain Error for an item without a place: that is a mistake in a plugin.
 */
export function inWrittenOrder<T>(items: readonly T[], order: readonly string[], describe: (item: T) => Placed): readonly T[] {
  const all = new Set(order);
  const described = items.map((item) => ({ item, ...describe(item) }));
  const called = Map.groupBy(described, ({ name }) => name);
  const behind = Map.groupBy(
    described.filter(({ name }) => !all.has(name)),
    ({ after }) => after,
  );
  // What stands behind something that is not here stands where that would.
  const at = (name: string): readonly T[] => [
    ...(called.get(name) ?? []).map(({ item }) => item),
    ...(behind.get(name) ?? []).flatMap((next) => at(next.name)),
  ];
  const placed = order.flatMap(at);
  const there = new Set(placed);
  const lost = items.filter((item) => !there.has(item));
  if (lost.length > 0) throw new Error(`not in the outline: ${lost.map((item) => describe(item).name).join(', ')}`);
  return placed;
}
