import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plainAddress } from '../../../../src/services/fence-kdump-listener/plain-address.ts';

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:c000:207', '192.0.2.7'],
  [' 192.0.2.7/24 ', '192.0.2.7'],
  ['2001:DB8:0:0::0007', '2001:db8::7'],
  ['2001:db8::7/64', '2001:db8::7'],
  ['fe80::1%eth0', 'fe80::1'],
])('%j is %s', (text, plain) => expect(plainAddress(text)).toBe(plain));

it.each(['', 'localhost', '192.0.2', '192.0.2.256', '010.0.0.1', '2001:db8::g', '["192.0.2.7",5]'])('%j is no address', (text) =>
  expect(plainAddress(text)).toBeNull(),
);

it('has one spelling for each address', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const plain = plainAddress(address);
      expect(plain).not.toBeNull();
      expect(plainAddress(plain!)).toBe(plain);
      expect(plainAddress(address.toUpperCase())).toBe(plain);
    }),
  );
});

it('survives anything', () => {
  fc.assert(fc.property(fc.string(), (text) => plainAddress(text) === null || typeof plainAddress(text) === 'string'));
});
