import { describe, expect, test } from 'vitest';
import { allowedNetworks } from '../../../../src/services/frame/networks.ts';

describe('networks that a proxy may connect to', () => {
  test.each([
    ['10.0.0.5', true],
    ['192.0.2.10', true],
    ['2001:db8::1', true],
    ['fd00::1', true],
    ['127.0.0.1', false],
    ['127.255.255.254', false],
    ['0.0.0.0', false],
    ['169.254.169.254', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::', false],
    ['::1', false],
    ['fe80::1', false],
    ['ff02::1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:7f00:1', false],
    ['0:0:0:0:0:ffff:a9fe:a9fe', false],
    ['::ffff:10.0.0.5', true],
  ])('without a list, %s: %s', (address, allowed) => {
    expect(allowedNetworks([], 'TARGET_NETWORKS')(address)).toBe(allowed);
  });

  test('with a list, are those in it, and those alone', () => {
    const allowed = allowedNetworks(['10.1.0.0/16', '192.0.2.10', '2001:db8::/32', '127.0.0.0/8'], 'TARGET_NETWORKS');
    const yes = ['10.1.2.3', '192.0.2.10', '2001:db8:1::1', '127.0.0.1', '::ffff:10.1.2.3'];
    const no = ['10.2.0.1', '192.0.2.11', '2001:db9::1', '::1', '8.8.8.8', '::ffff:10.2.0.1'];
    expect([yes.filter((address) => !allowed(address)), no.filter(allowed)]).toEqual([[], []]);
  });

  test('that are none are all named', () => {
    expect(() => allowedNetworks(['10.0.0.0/33', 'hosts', '10.0.0.0/', '2001:db8::/129', '10.0.0.0/8'], 'TARGET_NETWORKS')).toThrow(
      /10\.0\.0\.0\/33[^]*hosts[^]*10\.0\.0\.0\/ [^]*2001:db8::\/129/,
    );
  });
});
