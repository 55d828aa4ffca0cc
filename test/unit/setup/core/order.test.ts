import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inWrittenOrder } from '../../../../src/setup/core/order.ts';

interface Item {
  readonly name: string;
  readonly after?: string;
}
const arrange = (items: readonly Item[], order: readonly string[]): readonly string[] =>
  inWrittenOrder(items, order, ({ name, after }) => ({ name, after })).map(({ name }) => name);

describe('the written order', () => {
  test('holds for what it names, whatever the order given; what is not there is left out', () => {
    expect(arrange([{ name: 'c' }, { name: 'a' }], ['a', 'b', 'c'])).toEqual(['a', 'c']);
    expect(arrange([], ['a'])).toEqual([]);
  });

  test('has items that it does not name right behind the one they name, in the order given', () => {
    const items = [{ name: 'y', after: 'a' }, { name: 'b' }, { name: 'x', after: 'a' }, { name: 'a' }];
    expect(arrange(items, ['a', 'b'])).toEqual(['a', 'y', 'x', 'b']);
  });

  test('may be continued by items behind items, in whatever order they come', () => {
    const items = [{ name: 'second', after: 'first' }, { name: 'first', after: 'a' }, { name: 'a' }, { name: 'b' }];
    expect(arrange(items, ['a', 'b'])).toEqual(['a', 'first', 'second', 'b']);
  });

  test('has items where the one they name would stand if it were there', () => {
    const items = [{ name: 'x', after: 'b' }, { name: 'c' }, { name: 'y', after: 'x' }, { name: 'a' }];
    expect(arrange(items, ['a', 'b', 'c'])).toEqual(['a', 'x', 'y', 'c']);
  });

  test('is not changed by an item of it that names another one', () => {
    expect(arrange([{ name: 'a', after: 'b' }, { name: 'b' }], ['a', 'b'])).toEqual(['a', 'b']);
  });

  test.each([
    ['nothing', [{ name: 'x' }, { name: 'a' }], 'x'],
    ['something that nobody knows', [{ name: 'x', after: 'nowhere' }, { name: 'a' }], 'x'],
    ['itself', [{ name: 'x', after: 'x' }], 'x'],
    ['one another', [{ name: 'x', after: 'y' }, { name: 'y', after: 'x' }, { name: 'a' }], 'x, y'],
  ])('has no place for an item that stands behind %s', (_, items: readonly Item[], named) => {
    expect(() => arrange(items, ['a', 'b'])).toThrow(`not in the outline: ${named}`);
  });

  /** Names that one stands behind, directly or not, the nearest first. */
  const above = (name: string, items: readonly Item[]): readonly string[] => {
    const after = items.find((item) => item.name === name)?.after;
    return after === undefined ? [] : [after, ...above(after, items)];
  };

  /** A written order of which not everything is there, and items of which each stands in it or behind one of the others. */
  const cases = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 14 }).chain((names) =>
    fc
      .record({ own: fc.integer({ min: 1, max: names.length }), seeds: fc.array(fc.nat(), { minLength: 14, maxLength: 14 }) })
      .chain(({ own, seeds }) => {
        const written = names.slice(0, own);
        const others = names.slice(own).map((name, index): Item => ({ name, after: names[(seeds[index] ?? 0) % (own + index)] ?? '' }));
        return fc.record({
          order: fc.shuffledSubarray(written, { minLength: own }),
          items: fc
            .subarray(written)
            .map((there): readonly Item[] => [...there.map((name) => ({ name })), ...others])
            .chain((items) => fc.shuffledSubarray([...items], { minLength: items.length })),
        });
      }),
  );

  test('is a permutation that keeps what is written and puts every other item behind the one it names, neighbours in the order given', () => {
    fc.assert(
      fc.property(cases, ({ order, items }) => {
        const sorted = arrange(items, order);
        expect([...sorted].sort()).toEqual(items.map(({ name }) => name).sort());
        const places = sorted.map((name) => order.indexOf([name, ...above(name, items)].at(-1) ?? ''));
        expect(places).toEqual([...places].sort((a, b) => a - b));
        for (const { name, after } of items) {
          const at = after === undefined ? -1 : sorted.indexOf(after);
          if (after === undefined || at < 0) continue;
          expect(sorted.indexOf(name)).toBeGreaterThan(at);
          // Nothing else comes between the two but what stands behind that one as well.
          for (const between of sorted.slice(at + 1, sorted.indexOf(name))) expect(above(between, items)).toContain(after);
          const siblings = items.filter((other) => other.after === after).map((other) => other.name);
          expect(sorted.filter((other) => siblings.includes(other))).toEqual(siblings);
        }
      }),
    );
  });
});
