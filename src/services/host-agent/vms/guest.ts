import type { Values } from '../libvirt/libvirt.ts';

/* Whoever runs a guest decides what its agent tells: what is longer than anything that is true is cut, so that it fits beside all others. */

const most = { text: 255, address: 64, nics: 32, addresses: 128, fileSystems: 32 } as const;

type Value = Values[string] | undefined;
const textOf = (value: Value, longest: number = most.text): string => String(value ?? '').slice(0, longest);
const countOf = (value: Value, limit: number): number => Math.max(0, Math.min(limit, Math.floor(Number(value ?? 0)) || 0));

/** Elements of a list in what the guest's agent tells: `fs.0.mountpoint`, `fs.1.mountpoint` and so on. */
const list = (values: Values, name: string, limit: number): readonly ((key: string) => string)[] =>
  Array.from({ length: countOf(values[`${name}.count`], limit) }, (_one, at) => (key: string) => textOf(values[`${name}.${at}.${key}`]));

/** What statistics tell of the guest, by what its agent has told (`virDomainGetGuestInfo`). */
export function guestFields(values: Values): Readonly<Record<string, unknown>> {
  if (Object.keys(values).length === 0) return {};
  const get = (key: string): string => textOf(values[key]);
  let left: number = most.addresses;
  const nics = list(values, 'if', most.nics).map((nic) => {
    const count = countOf(nic('addr.count'), left);
    left -= count;
    const addresses = Array.from({ length: count }, (_one, at) => ({
      type: nic(`addr.${at}.type`),
      address: textOf(nic(`addr.${at}.addr`), most.address),
    }));
    const of = (type: string): readonly string[] => addresses.filter((one) => one.type === type).map(({ address }) => address);
    return { name: nic('name'), hw: nic('hwaddr'), inet: of('ipv4'), inet6: of('ipv6') };
  });
  const users = list(values, 'user', 1).map((user) => user('name'));
  const [isWindows, kernel] = [get('os.id') === 'mswindows', get('os.kernel-release')];
  return {
    guestName: get('hostname').split('.')[0],
    guestFQDN: get('hostname'),
    guestIPs: nics.flatMap(({ name, inet }) => (name === 'lo' ? [] : inet)).join(' '),
    netIfaces: nics.filter(({ name }) => name !== 'lo'),
    guestOs: kernel,
    guestOsInfo: {
      type: isWindows ? 'windows' : 'linux',
      distribution: get('os.name'),
      version: get('os.version-id') || get('os.version'),
      kernel,
      codename: get('os.variant'),
      arch: get('os.machine'),
    },
    guestTimezone: { zone: get('timezone.name'), offset: Math.floor(Number(values['timezone.offset'] ?? 0) / 60) || 0 },
    disksUsage: list(values, 'fs', most.fileSystems).map((fs) => ({
      path: fs('mountpoint'),
      fs: fs('fstype'),
      total: fs('total-bytes'),
      used: fs('used-bytes'),
    })),
    username: users[0] ?? 'None',
    session: users.length > 0 ? 'UserLoggedOn' : 'LoggedOff',
    // It does not list programs; clients look for these two, which are certain.
    appsList: [...(kernel === '' || isWindows ? [] : [`kernel-${kernel}`]), 'qemu-guest-agent'],
  };
}
