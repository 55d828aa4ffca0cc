import type { Values } from '../libvirt/libvirt.ts';

/** Elements of a list in what the guest's agent tells: `fs.0.mountpoint`, `fs.1.mountpoint` and so on. */
const list = (values: Values, name: string): readonly ((key: string) => string)[] =>
  Array.from(
    { length: Math.min(1_000, Number(values[`${name}.count`] ?? 0)) },
    (_one, at) => (key: string) => String(values[`${name}.${at}.${key}`] ?? ''),
  );

/** What statistics tell of the guest, by what its agent has told. */
export function guestFields(values: Values): Readonly<Record<string, unknown>> {
  if (Object.keys(values).length === 0) return {};
  const get = (key: string): string => String(values[key] ?? '');
  const nics = list(values, 'if').map((nic) => {
    const addresses = Array.from({ length: Math.min(1_000, Number(nic('addr.count'))) }, (_one, at) => ({
      type: nic(`addr.${at}.type`),
      address: nic(`addr.${at}.addr`),
    }));
    const of = (type: string): readonly string[] => addresses.filter((one) => one.type === type).map(({ address }) => address);
    return { name: nic('name'), hw: nic('hwaddr'), inet: of('ipv4'), inet6: of('ipv6') };
  });
  return {
    guestName: get('hostname').split('.')[0],
    guestFQDN: get('hostname'),
    guestIPs: nics.flatMap(({ name, inet }) => (name === 'lo' ? [] : inet)).join(' '),
    netIfaces: nics.filter(({ name }) => name !== 'lo'),
    guestOs: get('os.kernel-release'),
    guestOsInfo: {
      type: get('os.id') === 'mswindows' ? 'windows' : 'linux',
      distribution: get('os.name'),
      version: get('os.version-id') || get('os.version'),
      kernel: get('os.kernel-release'),
      codename: get('os.variant'),
      arch: get('os.machine'),
    },
    guestTimezone: { zone: get('timezone.name'), offset: Math.floor(Number(values['timezone.offset'] ?? 0) / 60) },
    disksUsage: list(values, 'fs').map((fs) => ({
      path: fs('mountpoint'),
      fs: fs('fstype'),
      total: fs('total-bytes'),
      used: fs('used-bytes'),
    })),
    username: list(values, 'user').map((user) => user('name'))[0] ?? 'None',
    session: list(values, 'user').length > 0 ? 'UserLoggedOn' : 'LoggedOff',
    appsList: [],
  };
}
