import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readNetworkChange } from '../../../../src/services/host-helper/network-request.ts';
import { Refusal } from '../../../../src/services/host-helper/refusal.ts';

const read = (networks: object) => readNetworkChange({ networks, seconds: 120 });

test('a network with an address, one without, and one that is to go', () => {
  const ipv4 = { address: '192.0.2.10/24', gateway: '192.0.2.1' };
  expect(
    read({
      ovirtmgmt: { nic: 'eth0', mtu: 9000, ipv4, defaultRoute: true, nameservers: ['2001:db8::53'] },
      vms: { nic: 'eth1.5' },
      old: null,
    }),
  ).toEqual({
    make: [
      {
        ...{ name: 'ovirtmgmt', nic: 'eth0', mtu: 9000, ipv4, defaultRoute: true, nameservers: ['2001:db8::53'] },
        ipv6: { address: null, gateway: null, router: false, dhcp: false },
      },
      {
        ...{ name: 'vms', nic: 'eth1.5', mtu: null, ipv4: null, defaultRoute: false, nameservers: [] },
        ipv6: { address: null, gateway: null, router: false, dhcp: false },
      },
    ],
    remove: ['old'],
    seconds: 120,
  });
});

test.each([
  '',
  'sixteen-letters-',
  'a.b',
  'a/b',
  '../etc',
  'a b',
  'a\nb',
  'lo',
  'all',
  'default',
  'vnet0',
  'virbr0',
  'tap1',
  '%i',
  '*',
  '-a',
])('a network is not called %j', (name) => {
  expect(() => read({ [name]: { nic: 'eth0' } })).toThrow(Refusal);
  expect(() => read({ [name]: null })).toThrow(Refusal);
});

test.each([
  { nic: 'eth*' },
  { nic: '!eth0' },
  { nic: 'eth0 eth1' },
  { nic: 'eth0\n[Network]' },
  { nic: '-h' },
  { nic: 'net' },
  { nic: 7 },
  { nic: 'eth0', mtu: 20 },
  { nic: 'eth0', mtu: '1500' },
  { nic: 'eth0', ipv4: { address: '192.0.2.10' } },
  { nic: 'eth0', ipv4: { address: '192.0.2.10/33' } },
  { nic: 'eth0', ipv4: { address: '192.0.2.10/24\nDNS=1.1.1.1' } },
  { nic: 'eth0', ipv4: { address: '192.0.2.10/24', gateway: '_dhcp4' } },
  { nic: 'eth0', ipv4: 'yes' },
  { nic: 'eth0', ipv6: { address: 'fe80::1%eth0/64' } },
  { nic: 'eth0', ipv6: { router: 'yes' } },
  { nic: 'eth0', nameservers: ['dns.example'] },
  { nic: 'eth0', defaultRoute: 'yes' },
])('a network is not made of %j', (wanted) => {
  expect(() => read({ net: wanted })).toThrow(Refusal);
});

test('`::` is no gateway', () => {
  const ipv6 = { address: '2001:db8::10/64', gateway: '::' };
  expect(read({ net: { nic: 'eth0', ipv6 } }).make[0]?.ipv6).toMatchObject({ address: ipv6.address, gateway: null });
});

test('one card is not in two networks, and there is an end to what is asked for', () => {
  expect(() => read({ a: { nic: 'eth0' }, b: { nic: 'eth0' } })).toThrow('eth0');
  expect(() => read({})).toThrow(Refusal);
  expect(() => read(Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`n${at}`, null])))).toThrow(Refusal);
  for (const seconds of [0, 1.5, 3601, '120', undefined])
    expect(() => readNetworkChange({ networks: { a: null }, seconds })).toThrow(Refusal);
});

test('anything else is refused, and nothing but refused', () => {
  fc.assert(
    fc.property(fc.anything(), fc.dictionary(fc.string(), fc.anything()), (body, networks) => {
      for (const one of [body, { networks, seconds: 5 }, { networks: { a: { nic: 'eth0', ...networks } }, seconds: 5 }]) {
        try {
          readNetworkChange(one);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }
    }),
  );
});
