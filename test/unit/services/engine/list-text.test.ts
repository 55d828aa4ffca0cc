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

  it('is all that was put into it, also while others are collected', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 2 }), piece), { maxLength: 40 }), (puts) => {
        const texts = [collectText(), collectText(), collectText()];
        for (const [at, text] of puts) texts[at]?.put(text);
        const ends = texts.map((text) => text.end());
        for (const [at, end] of ends.entries()) {
          const expected = puts.filter(([to]) => to === at).map(([, text]) => text);
          expect(end.equals(Buffer.from(expected.join('')))).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('stays as it is when its blocks are used again', () => {
    const first = collectText();
    for (let times = 0; times < 100; times++) first.put('a'.repeat(10_000));
    const end = first.end();
    const second = collectText();
    for (let times = 0; times < 100; times++) second.put('b'.repeat(10_000));
    second.end();
    expect(end.equals(Buffer.alloc(1_000_000, 'a'))).toBe(true);
  });
});
