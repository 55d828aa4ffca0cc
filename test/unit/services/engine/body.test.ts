import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { types } from '../../../../src/services/engine/api/api-types.ts';
import { parseEntity } from '../../../../src/services/engine/api/body.ts';
import { toJson } from '../../../../src/services/engine/api/json.ts';
import { toXml } from '../../../../src/services/engine/api/xml.ts';
import { Refusal } from '../../../../src/services/engine/http/refusal.ts';

const xml = (text: string, type = 'network') => parseEntity(types, type, text, 'xml');
const json = (value: unknown, type = 'network') => parseEntity(types, type, JSON.stringify(value), 'json');

describe('the body of a request', () => {
  const network = { name: 'red', stp: true, mtu: 1500, vlan: { id: '5' }, usages: ['vm', 'display'], data_center: { id: 'x' } };

  it('is the same in both formats', () => {
    const text = `<network><name>red</name><stp>true</stp><mtu>1500</mtu><vlan id="5"/><usages><usage>vm</usage><usage>display</usage></usages>
      <data_center id="x" href="/y"/></network>`;
    expect(xml(text)).toEqual(network);
    const plain = { ...network, usages: { usage: ['vm', 'display'] } };
    expect(json(plain)).toEqual(network);
    expect(json({ network: { ...plain, stp: 'true', mtu: '1500' } })).toEqual(network);
  });

  it('may hold what is not known here, and nothing at all', () => {
    expect(xml('<network><name>a</name><new_thing><deep/></new_thing></network>')).toEqual({ name: 'a' });
    expect(xml('')).toEqual({});
  });

  it('tells what is not known here, and where it stands', () => {
    const ignoredOf = (text: string, form: 'xml' | 'json', type = 'network') => {
      const paths: string[] = [];
      parseEntity(types, type, text, form, (path) => paths.push(path));
      return paths;
    };
    const text = `<network id="x" href="/y"><link rel="z"/><actions/><href/><nam>a</nam><vlan><id>5</id><tag/></vlan>
      <usages><usage>vm</usage><use>display</use></usages><data_center><name>b</name><version><minor>1</minor><patch/></version></data_center></network>`;
    expect(ignoredOf(text, 'xml')).toEqual(['network.nam', 'network.usages.use', 'network.vlan.tag', 'network.data_center.version.patch']);
    const disks = '<vm><os><boot><devices><device>hd</device><devise>cd</devise></devices></boot></os><memory_polcy/></vm>';
    expect(ignoredOf(disks, 'xml', 'vm')).toEqual(['vm.memory_polcy', 'vm.os.boot.devices.devise']);
    expect(ignoredOf('{"network": {"nam": "a", "constructor": 1, "vlan": {"tag": [1, 2]}, "link": []}}', 'json')).toEqual([
      'network.nam',
      'network.constructor',
      'network.vlan.tag',
      'network.vlan.tag',
    ]);
  });

  it.each([
    '<network>',
    'x',
    '<other/>',
    '<network><mtu>many</mtu></network>',
    '<network><stp>perhaps</stp></network>',
    '<network><name>a</name><name>b</name></network>',
    '<network><name><b/></name></network>',
    '<!DOCTYPE network><network/>',
    '<network>&unknown;</network>',
    `<network>${'<a>'.repeat(99)}${'</a>'.repeat(99)}</network>`,
  ])('is refused: %s', (text) => {
    expect(() => xml(text)).toThrow(Refusal);
  });

  it.each(['[]', '1', '"x"', '{', 'null', '{"mtu": "many"}', '{"name": {"a": 1}}', '{"name": "a\\u0000"}'])('is refused: %s', (text) => {
    expect(() => parseEntity(types, 'network', text, 'json')).toThrow(Refusal);
  });

  it('is refused with a date that the database cannot hold', () => {
    expect(json({ time: '2026-01-31T00:00:00Z' }, 'event')).toEqual({ time: new Date('2026-01-31T00:00:00Z') });
    expect(() => json({ time: '-200000-01-01T00:00:00Z' }, 'event')).toThrow(Refusal);
  });

  it('is understood or refused, whatever it is', () => {
    for (const form of ['xml', 'json'] as const) {
      fc.assert(
        fc.property(
          fc.oneof(
            fc.string(),
            fc.json(),
            fc.string().map((text) => `<tag><name>${text}</name></tag>`),
          ),
          (text) => {
            try {
              parseEntity(types, 'tag', text, form);
            } catch (error) {
              expect(error).toBeInstanceOf(Refusal);
            }
          },
        ),
      );
    }
  });

  it('comes back as it was written', () => {
    const texts = fc.string({ unit: 'grapheme' }).filter((text) => !/[^\P{Cc}\t\n\r]|\ufffe|\uffff/u.test(text) && text.isWellFormed());
    fc.assert(
      fc.property(texts, fc.boolean(), fc.integer({ min: 0, max: 65_000 }), (name, stp, mtu) => {
        const entity = { name, stp, mtu };
        expect(xml(toXml(types, 'network', entity))).toEqual(entity);
        expect(parseEntity(types, 'network', toJson(types, 'network', entity), 'json')).toEqual(entity);
      }),
    );
  });
});
