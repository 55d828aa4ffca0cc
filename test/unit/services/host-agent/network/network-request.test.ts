import { describe, expect, test } from 'vitest';
import { prefixOf, readNetworkRequest } from '../../../../../src/services/host-agent/network/network-request.ts';
import { readParams } from '../../../../../src/services/host-agent/verbs.ts';

const read = (networks: object, more: object = {}) => readNetworkRequest(readParams({ networks, bondings: {}, ...more }));

describe('Host.setupNetworks', () => {
  test('is read as engines write it', () => {
    const networks = {
      ovirtmgmt: {
        ...{ nic: 'eth0', bridged: 'true', bootproto: 'none', ipaddr: '192.0.2.10', netmask: '255.255.255.0', gateway: '192.0.2.1' },
        ...{ defaultRoute: true, dhcpv6: false, ipv6autoconf: true, mtu: 1500, switch: 'legacy', stp: false },
      },
      vms: { nic: 'eth1', bridged: true },
      old: { remove: 'true' },
    };
    expect(read(networks, { options: { connectivityCheck: 'true', connectivityTimeout: 120, commitOnSuccess: true } })).toEqual({
      networks: {
        ovirtmgmt: {
          ...{ nic: 'eth0', mtu: 1500, ipv4: { address: '192.0.2.10/24', gateway: '192.0.2.1' }, defaultRoute: true, nameservers: [] },
          ipv6: { router: true, dhcp: false },
        },
        vms: { nic: 'eth1', ipv4: null, ipv6: { router: false, dhcp: false }, defaultRoute: true, nameservers: [] },
        old: null,
      },
      check: true,
      seconds: 120,
      commit: true,
    });
    expect(read({ old: { remove: true } })).toMatchObject({ check: false, commit: false });
  });

  test('takes `::` for no gateway', () => {
    const net = { nic: 'eth0', ipv6addr: '2001:db8::10/64' };
    const six = (ipv6gateway: string) => read({ net: { ...net, ipv6gateway } }).networks['net']?.ipv6;
    expect(six('::')).toEqual({ address: net.ipv6addr, router: false, dhcp: false });
    expect(six('2001:db8::1')).toMatchObject({ gateway: '2001:db8::1' });
  });

  test.each([
    [{ nic: 'eth0', vlan: '7' }, 26],
    [{ bonding: 'bond0' }, 25],
    [{ nic: 'eth0', bridged: false }, 44],
    [{ nic: 'eth0', switch: 'ovs' }, 32],
    [{ nic: 'eth0', stp: true }, 27],
    [{ nic: 'eth0', hostQos: { out: {} } }, 21],
    [{}, 23],
    [{ nic: 'eth0', bootproto: 'auto' }, 21],
    [{ nic: 'eth0', ipaddr: '192.0.2.10' }, 22],
    [{ nic: 'eth0', ipaddr: '192.0.2', netmask: '255.0.0.0' }, 22],
    [{ nic: 'eth0', mtu: 'large' }, -32602],
  ])('does not take %j', (wanted, code) => {
    expect(() => read({ net: wanted })).toThrow(expect.objectContaining({ code }));
  });

  test('does not take bonds, nor a time without end', () => {
    expect(() => read({ net: { nic: 'eth0' } }, { bondings: { bond0: { nics: ['eth0'] } } })).toThrow(
      expect.objectContaining({ code: 25 }),
    );
    for (const connectivityTimeout of [0, 601])
      expect(() => read({ net: { nic: 'eth0' } }, { options: { connectivityTimeout } })).toThrow(expect.objectContaining({ code: 21 }));
  });
});

test('netmasks', () => {
  expect(['255.255.255.255', '255.255.240.0', '128.0.0.0'].map(prefixOf)).toEqual([32, 20, 1]);
  expect(['0.0.0.0', '255.0.255.0', '24', '', '255.255.255.1'].map(prefixOf)).toEqual(Array(5).fill(undefined));
});
