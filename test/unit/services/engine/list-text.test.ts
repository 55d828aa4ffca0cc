import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listJson, toJson } from '../../../../src/services/engine/api/json.ts';
import { collectText, type ListText } from '../../../../src/services/engine/api/list-text.ts';
import type { Entity, Types } from '../../../../src/services/engine/api/types.ts';
import { listXml, toXml } from '../../../../src/services/engine/api/xml.ts';

const types: Types = {
  vm: { name: 'text', memory: 'integer', boot: { one: 'boot' } },
  boot: { devices: { scalars: 'text', item: 'device' } },
};

const member = (name: string): Entity => ({
  id: name,
  href: `/vms/${name}`,
  below: ['nics', 'tags'],
  name,
  boot: { devices: ['hd', 'network'] },
});

function written(list: ListText, members: readonly Entity[]): string {
  for (const one of members) list.add(one);
  return list.end().toString();
}

describe('a list', () => {
  const members = ['a', 'ä€😀', '<&>'].map(member);

  it('in XML has each member as it stands alone, one step deeper', () => {
    const [declaration = ''] = toXml(types, 'vm', member('a')).split('\n', 1);
    const deeper = members.flatMap((one) => toXml(types, 'vm', one).trimEnd().split('\n').slice(1)).map((line) => `    ${line}\n`);
    expect(written(listXml(types, 'vm', 'vms'), members)).toBe(`${declaration}\n<vms>\n${deeper.join('')}</vms>\n`);
    expect(written(listXml(types, 'vm', 'vms'), [])).toBe(`${declaration}\n<vms/>\n`);
  });

  it('in JSON has each member as it stands alone, in an array', () => {
    const all = members.map((one) => JSON.parse(toJson(types, 'vm', one)) as unknown);
    expect(written(listJson(types, 'vm'), members)).toBe(`${JSON.stringify({ vm: all }, null, 2)}\n`);
    expect(written(listJson(types, 'vm'), [])).toBe('{}\n');
  });
});

describe('a collected text', () => {
  // Around the size of a block, where pieces do not fit any more, and beyond it, where they never do.
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.tuple(fc.constantFrom('x', 'ä', '€', '😀'), fc.integer({ min: 0, max: 90_000 })).map(([unit, times]) => unit.repeat(times)),
  );

  it('is all that was put into it, in however many parts it is taken, also while others are collected', () => {
    const put = fc.record({ to: fc.nat({ max: 2 }), text: piece, thenTaken: fc.boolean() });
    fc.assert(
      fc.property(fc.array(put, { maxLength: 40 }), (puts) => {
        const all = [0, 1, 2].map(() => ({ text: collectText(), parts: [] as Buffer[], expected: '' }));
        const take = ({ text, parts }: (typeof all)[number]): void => {
          const size = text.size();
          const part = text.take();
          expect(part).toHaveLength(size);
          parts.push(part);
        };
        for (const { to, text, thenTaken } of puts) {
          const one = all[to] as (typeof all)[number];
          one.text.put(text);
          one.expected += text;
          if (thenTaken) take(one);
        }
        for (const one of all) {
          take(one);
          expect(Buffer.concat(one.parts).equals(Buffer.from(one.expected))).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('stays as it is when its blocks are used again', () => {
    const first = collectText();
    for (let times = 0; times < 100; times++) first.put('a'.repeat(10_000));
    const end = first.take();
    const second = collectText();
    for (let times = 0; times < 100; times++) second.put('b'.repeat(10_000));
    second.take();
    expect(end.equals(Buffer.alloc(1_000_000, 'a'))).toBe(true);
  });
});
