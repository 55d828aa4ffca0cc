import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { XmlError, element, parseXml, writeXml } from '../../../../src/services/host-agent/xml.ts';

describe('XML', () => {
  test('is written so that it is read as it was', () => {
    const text = fc
      .string({ unit: 'grapheme' })
      .filter((one) => !/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(one) && one.trim() === one);
    fc.assert(
      fc.property(text, text, (inside, value) => {
        const written = element('a', { b: value }, [element('c', {}, inside)]);
        expect(parseXml(writeXml(written))).toEqual(written);
      }),
    );
  });

  test.each([
    ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 'a document type'],
    ['an unknown entity', '<a>&x;</a>', 'not well-formed'],
    ['an element that does not end', '<a><b></a>', 'not well-formed'],
    ['nothing', '', 'XML is'],
    ['too much depth', '<a>'.repeat(40), 'nested too deeply'],
    ['too many elements', `<a>${'<b/>'.repeat(20_001)}</a>`, 'too many elements'],
    ['too much of everything', `<a>${'x'.repeat(1_100_000)}</a>`, 'longer than'],
  ])('is refused with %s', (_what, xml, message) => {
    expect(() => parseXml(xml)).toThrow(XmlError);
    expect(() => parseXml(xml)).toThrow(message);
  });
});
