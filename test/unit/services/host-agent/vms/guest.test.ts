import { describe, expect, test } from 'vitest';
import { guestFields } from '../../../../../src/services/host-agent/vms/guest.ts';

const told = {
  'user.count': 1,
  'user.0.name': 'alice',
  'os.id': 'debian',
  'os.name': 'Debian GNU/Linux',
  'os.version-id': '12',
  'os.kernel-release': '6.1.0-50-amd64',
  'os.machine': 'x86_64',
  'timezone.name': 'CET',
  'timezone.offset': 3600,
  hostname: 'guest.example.test',
  'if.count': 2,
  'if.0.name': 'lo',
  'if.0.addr.count': 1,
  'if.0.addr.0.type': 'ipv4',
  'if.0.addr.0.addr': '127.0.0.1',
  'if.1.name': 'eth0',
  'if.1.hwaddr': '56:6f:1a:2b:00:01',
  'if.1.addr.count': 2,
  'if.1.addr.0.type': 'ipv4',
  'if.1.addr.0.addr': '192.0.2.77',
  'if.1.addr.1.type': 'ipv6',
  'if.1.addr.1.addr': 'fe80::1',
};

describe('what the agent of a guest tells', () => {
  test('is told in the words of statistics', () => {
    expect(guestFields(told)).toMatchObject({
      ...{ guestName: 'guest', guestFQDN: 'guest.example.test', guestIPs: '192.0.2.77', username: 'alice', session: 'UserLoggedOn' },
      netIfaces: [{ name: 'eth0', hw: '56:6f:1a:2b:00:01', inet: ['192.0.2.77'], inet6: ['fe80::1'] }],
      guestOsInfo: { type: 'linux', distribution: 'Debian GNU/Linux', version: '12', kernel: '6.1.0-50-amd64', arch: 'x86_64' },
      guestTimezone: { zone: 'CET', offset: 60 },
      appsList: ['kernel-6.1.0-50-amd64', 'qemu-guest-agent'],
    });
    expect(guestFields({ 'os.id': 'mswindows', 'os.kernel-release': '10.0' })).toMatchObject({
      ...{ guestOsInfo: { type: 'windows' }, appsList: ['qemu-guest-agent'] },
    });
    expect(guestFields({})).toEqual({});
  });

  test('fits beside what others tell, whatever it is', () => {
    const long = 'x'.repeat(4_000_000);
    const many = (name: string, key: string) =>
      Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`${name}.${at}.${key}`, long]));
    const fields = guestFields({
      ...{ hostname: long, 'os.name': long, 'os.id': long, 'timezone.name': long, 'timezone.offset': long },
      ...{ 'if.count': 4_000_000_000, 'fs.count': -1, 'user.count': 'many', 'if.0.addr.count': 1e9, 'if.1.addr.count': 1e9 },
      ...many('if', 'name'),
      ...many('if.0.addr', 'addr'),
      ...many('fs', 'mountpoint'),
    });
    expect(JSON.stringify(fields).length).toBeLessThan(50_000);
  });
});
