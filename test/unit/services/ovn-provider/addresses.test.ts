import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isWithin,
  plainAddress,
  plainMac,
  poolOf,
  readAddress,
  readCidr,
  writeAddress,
} from '../../../../src/services/ovn-provider/neutron/addresses.ts';

describe('an address', () => {
  test('is the same number again once it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (value) => {
        const text = writeAddress(6, value);
        expect(isIPv6(text)).toBe(true);
        expect(readAddress(text)).toEqual({ version: 6, value });
      }),
    );
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(plainAddress(text)).toBe(text);
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const read = readAddress(text);
        expect(read === null ? null : readAddress(writeAddress(6, read.value))).toEqual(read);
      }),
    );
  });

  test.each([
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['::', '::'],
    ['1::', '1::'],
    ['::1', '::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fe80::1%eth0', null],
    ['256.0.0.1', null],
    ['', null],
  ])('%s is written %s', (text, plain) => {
    expect(plainAddress(text)).toBe(plain);
  });
});

describe('a network of addresses', () => {
  test('has no bits of hosts, an end and a pool', () => {
    const cidr = readCidr('192.0.2.77/26');
    expect(cidr).toMatchObject({ version: 4, prefix: 26, text: '192.0.2.64/26' });
    if (cidr === null) throw new Error('no network');
    expect(poolOf(cidr)).toEqual({ start: '192.0.2.66', stop: '192.0.2.126' });
    expect(['192.0.2.63', '192.0.2.64', '192.0.2.127', '192.0.2.128', '::1', 'x'].map((one) => isWithin(one, cidr))).toEqual([
      ...[false, true, true, false, false, false],
    ]);
  });

  test.each(['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '::/129', '10.0.0.0/8 || 1', '10.0.0/8'])('is not %j', (text) => {
    expect(readCidr(text)).toBeNull();
  });
});

test.each([
  ['00:1A:4A:16:01:51', '00:1a:4a:16:01:51'],
  ['01:00:5e:00:00:01', null],
  ['00:1a:4a:16:01', null],
  ['00:1a:4a:16:01:51 10.0.0.1', null],
])('the hardware address %s is %s', (text, plain) => {
  expect(plainMac(text)).toBe(plain);
});
