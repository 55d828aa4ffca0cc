import { describe, expect, test } from 'vitest';
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

  test('and the system of itself, with or without quotes', () => {
    expect(Object.fromEntries(readRelease('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'))).toEqual({
      ...{ ID: 'debian', PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)' },
    });
  });
});
