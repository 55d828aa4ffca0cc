import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatRecord, formatSealedRecord, parseRecord, parseSealedRecord } from '../../../../src/services/host-agent/storage/record.ts';

const keys = fc.stringMatching(/^[A-Z_]{1,20}$/).filter((key) => key !== '_SHA_CKSUM');
const values = fc.string().map((text) => text.replace(/[\r\n\0]/g, ''));
const records = fc.uniqueArray(fc.tuple(keys, values), { selector: ([key]) => key, maxLength: 30 }).map((pairs) => new Map(pairs));

test('what was written is read', () => {
  fc.assert(
    fc.property(records, (record) => {
      expect(parseRecord(formatRecord(record))).toEqual(record);
      expect(parseSealedRecord(formatSealedRecord(record))).toEqual(record);
    }),
  );
});

test('the checksum is the one that VDSM has', () => {
  // SHA-1 of the lines in their order, without line ends.
  const lines = 'CLASS=Data\nDESCRIPTION=x\nVERSION=5\n';
  const checksum = '69fa301666f08a5de24597ef4da0ef7c4d83fcfd';
  expect(formatSealedRecord(parseRecord(lines))).toBe(`${lines}_SHA_CKSUM=${checksum}\n`);
  expect(() => parseSealedRecord(`${lines}_SHA_CKSUM=${checksum.replace(/^./, '0')}\n`)).toThrow(/checksum/);
});

test('no change of a sealed record goes unnoticed', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (record, at, character) => {
      const text = formatSealedRecord(record);
      const place = at % text.length;
      const changed = `${text.slice(0, place)}${character}${text.slice(place + 1)}`;
      if (changed === text) return;
      try {
        // A blank line more or less says nothing.
        expect(parseSealedRecord(changed)).toEqual(record);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
  );
});

test('whatever comes, it is a record or a SyntaxError', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', '=', '\n', ' ', '\0', '1', 'EOF', '_') }), (text) => {
      try {
        parseRecord(text);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
  );
});

test.each([
  ['a line without a value', 'A\n', /line 1 is not KEY=VALUE/],
  ['a key twice', 'A=1\nA=2\n', /line 2 gives A a second time/],
  ['too many lines', 'A=1\n'.repeat(2_000), /more than 1000 lines/],
])('%s is refused', (_what, text, message) => {
  expect(() => parseRecord(text)).toThrow(message);
});

test('nothing stands behind EOF', () => {
  expect(parseRecord('A=1\nEOF\nB=2\n')).toEqual(new Map([['A', '1']]));
});

test.each(['a\nB=1', 'a\r', 'a\0'])('a value of more than one line is not written: %j', (value) => {
  expect(() => formatRecord(new Map([['A', value]]))).toThrow(TypeError);
});
