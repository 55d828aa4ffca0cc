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
  const named = (item: T): boolean => order.includes(describe(item).name);
  const behind = (name: string): readonly T[] => items.filter((item) => !named(item) && describe(item).after === name);
  // What stands behind something that is not here stands where that would.
  const at = (name: string): readonly T[] => [
    ...items.filter((item) => describe(item).name === name),
    ...behind(name).flatMap((item) => at(describe(item).name)),
  ];
  const placed = order.flatMap(at);
  const lost = items.filter((item) => !placed.includes(item));
  if (lost.length > 0) throw new Error(`not in the outline: ${lost.map((item) => describe(item).name).join(', ')}`);
  return placed;
}
