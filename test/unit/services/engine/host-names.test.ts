import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { nameInUrls, stableAddresses } from '../../../../src/services/engine/host-names.ts';

const address = (text: string, internal = false): NetworkInterfaceInfo => ({
  address: text,
  family: text.includes(':') ? 'IPv6' : 'IPv4',
  internal,
  netmask: '',
  mac: '',
  cidr: null,
  scopeid: 0,
});

describe('the stable addresses of a host', () => {
  it('leave out what is local, temporary, or leads to guests and containers', () => {
    const interfaces = {
      lo: [address('127.0.0.1', true), address('::1', true)],
      eth0: [address('192.0.2.7'), address('2001:db8::7'), address('2001:db8::abcd'), address('fe80::1')],
      eth1: [address('169.254.3.4')],
      ovirtmgmt: [address('198.51.100.7')],
      virbr0: [address('192.168.122.1')],
      docker0: [address('172.17.0.1')],
      'br-0123456789ab': [address('172.18.0.1')],
      'br-int': [address('10.0.0.1')],
    };
    const ipv6 = ['20010db8000000000000000000000007 02 40 00 80 eth0', '20010db800000000000000000000abcd 02 40 00 01 eth0', ''].join('\n');
    expect(stableAddresses(interfaces, ipv6)).toEqual(['192.0.2.7', '[2001:db8::7]', '198.51.100.7']);
  });
});

describe('a name', () => {
  it('is written as in addresses of the web', () => {
    expect(['Engine.Example.NET', '192.0.2.7', '2001:DB8:0:0::7', '[2001:db8::7]'].map(nameInUrls)).toEqual([
      'engine.example.net',
      '192.0.2.7',
      '[2001:db8::7]',
      '[2001:db8::7]',
    ]);
  });
});
