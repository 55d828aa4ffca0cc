import { describe, expect, test } from 'vitest';
import { originOf6, readAddresses6, readGateways6 } from '../../../../../src/services/host-agent/host/ipv6.ts';
import { readGateways } from '../../../../../src/services/host-agent/host/network.ts';
import { readCpuTimes, readMemory, readProcessors, readRelease, readTraffic } from '../../../../../src/services/host-agent/host/proc.ts';

describe('what the kernel tells', () => {
  test('of memory, is in bytes', () => {
    expect(readMemory('MemTotal:       16 kB\nActive(anon):    2 kB\n').get('Active(anon)')).toBe(2048);
  });

  test('of processors at work, counts waiting as idle', () => {
    const times = readCpuTimes('cpu  10 2 3 80 5 1 1 1 9 9\ncpu0 5 1 1 40 2 0 0 0 0 0\nintr 1\n');
    expect(times.get('')).toEqual({ user: 12, system: 6, idle: 85, all: 103 });
    expect([...times.keys()]).toEqual(['', '0']);
  });

  test('of networks, has a line for each device', () => {
    const line = '  eth0: 100 1 2 3 0 0 0 0 200 5 6 7 0 0 0 0\n';
    expect(readTraffic(`Inter-| Receive\n face |bytes\n${line}`).get('eth0')).toEqual({
      ...{ rx: 100, rxErrors: 2, rxDropped: 3, tx: 200, txErrors: 6, txDropped: 7 },
    });
    expect(readGateways('Iface\tDestination\tGateway\neth0\t00000000\t010012C6\t0003\neth0\t000012C6\t00000000\t1\n').get('eth0')).toBe(
      '198.18.0.1',
    );
  });

  test('of processors, counts sockets and cores', () => {
    const one = (cpu: number, socket: number, core: number) =>
      `processor\t: ${cpu}\nmodel name\t: A CPU\ncpu MHz\t\t: 2000.5\nphysical id\t: ${socket}\ncore id\t\t: ${core}\nflags\t\t: fpu vmx\n`;
    expect(readProcessors([one(0, 0, 0), one(1, 0, 0), one(2, 1, 0)].join('\n'))).toEqual({
      ...{ model: 'A CPU', megahertz: '2000.5', flags: ['fpu', 'vmx'], sockets: 2, cores: 2, online: [0, 1, 2] },
    });
  });

  test('of IPv6, says which addresses are given to the host for a time, and by whom', () => {
    const found = readAddresses6(
      [
        '00000000000000000000000000000001 01 80 10 80       lo',
        'fe8000000000000000fc00fffe000001 02 40 20 80     eth0',
        '20010db8000000000000000000000010 02 40 00 80     eth0',
        '20010db8000000000000000000000011 03 80 00 00     eth1',
        '20010db8000000000000000000000012 03 40 00 01     eth1',
        'fe8000000000000000fc00fffe000002 04 40 20 80     eth2',
      ].join('\n'),
    );
    expect([...found.keys()]).toEqual(['eth0', 'eth1']);
    expect(originOf6(found.get('eth0') ?? [], true)).toEqual({ autoconf: false, dhcp: false });
    expect(originOf6(found.get('eth1') ?? [], false)).toEqual({ autoconf: true, dhcp: true });
    // Nobody has told it anything yet.
    expect([true, false].map((would) => originOf6(found.get('eth2') ?? [], would).autoconf)).toEqual([true, false]);
  });

  test('of ways by IPv6, has the one to everything else that counts most', () => {
    const none = '0'.repeat(32);
    const way = (to: string, gateway: string, metric: string, name: string): string =>
      `${to} 00 ${none} 00 ${gateway} ${metric} 00000001 00000000 00000003     ${name}`;
    const [near, far] = ['20010db8000000000000000000000001', 'fe800000000000000000000000000001'];
    const text = [
      way(none, far, '00000400', 'eth0'),
      way(none, near, '00000100', 'eth0'),
      way(none, far, '00000064', 'eth1'),
      `20010db8000000000000000000000000 40 ${none} 00 ${none} 00000100 00000001 00000000 00000001     eth2`,
      way(none, none, 'ffffffff', 'lo'),
    ].join('\n');
    expect(Object.fromEntries(readGateways6(text))).toEqual({ eth0: '2001:db8::1', eth1: 'fe80::1' });
  });

  test('and the system of itself, with or without quotes', () => {
    expect(Object.fromEntries(readRelease('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'))).toEqual({
      ...{ ID: 'debian', PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)' },
    });
  });
});
