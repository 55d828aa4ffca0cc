import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { xdrReader, xdrWriter } from '../../../../../src/services/host-agent/libvirt/xdr.ts';

describe('XDR', () => {
  test('is read as it was written, filled up to four bytes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.option(fc.string()),
        fc.integer(),
        fc.uint8Array({ maxLength: 20 }),
        (text, maybe, number, raw) => {
          const bytes = xdrWriter().text(text).optionalText(maybe).int(number).fixed(Buffer.from(raw)).int(7).bytes();
          expect(bytes.length % 4).toBe(0);
          const reader = xdrReader(bytes);
          expect([reader.text(), reader.optionalText(), reader.int(), [...reader.fixed(raw.length)], reader.int()]).toEqual([
            text,
            maybe,
            number,
            [...raw],
            7,
          ]);
        },
      ),
    );
  });

  test('has numbers of 64 bits, with and without a sign', () => {
    const bytes = Buffer.from('ffffffffffffffff00000000000000ff', 'hex');
    expect(xdrReader(bytes).hyper()).toBe(-1);
    expect([xdrReader(bytes.subarray(8)).unsignedHyper()]).toEqual([255]);
    expect(
      xdrReader(
        xdrWriter()
          .hyper(2 ** 40 + 7)
          .bytes(),
      ).unsignedHyper(),
    ).toBe(2 ** 40 + 7);
  });

  test('that ends too early is refused, and so are lists that cannot be', () => {
    expect(() => xdrReader(Buffer.from([0, 0, 0, 9, 1])).text()).toThrow(RangeError);
    expect(() => xdrReader(Buffer.from([0xff, 0xff, 0xff, 0xff])).list(() => 1)).toThrow('longer than its message');
    expect(() => xdrReader(Buffer.alloc(0)).int()).toThrow('ends too early');
  });
});
