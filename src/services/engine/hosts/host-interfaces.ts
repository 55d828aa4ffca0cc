import { isIPv4, isIPv6 } from 'node:net';
import { entriesOf, flagOf, integerOf, textOf, type Unknown, wordsOf } from '../agents/hostile.ts';

/** A network interface of a host; columns of `vds_interface`. */
export interface HostInterface extends Unknown {
  readonly name: string;
}

/** A logical network as a host has it. */
export interface HostNetwork {
  readonly name: string;
  readonly bridged: boolean;
  /** The interface that it is on: for one with a bridge, what is connected to that. */
  readonly interface: string | null;
}

/** No host has more; an agent that lies cannot fill the database. */
const mostInterfaces = 1_000;

const none = { mac_addr: null, speed: null, is_bond: false, bond_name: null, bond_opts: null, base_interface: null, vlan_id: null };

const ip4 = (value: unknown): string | null => (typeof value === 'string' && isIPv4(value) ? value : null);

/** The first address that others can reach, without its prefix, and the prefix. */
function ip6(value: unknown): { readonly ipv6_address: string | null; readonly ipv6_prefix: number | null } {
  const [address, prefix] = (wordsOf(value, 100).find((one) => !/^fe80:/i.test(one)) ?? '').split('/');
  return isIPv6(address ?? '')
    ? { ipv6_address: address ?? null, ipv6_prefix: integerOf(prefix, 0, 128) }
    : { ipv6_address: null, ipv6_prefix: null };
}

/** Addresses of a device. Statically, by DHCP or by itself: numbers as the table has them. */
function addressesOf(device: Unknown): Unknown {
  const addr = ip4(device['addr']);
  const six = ip6(device['ipv6addrs']);
  const [dhcp6, auto6] = [flagOf(device['dhcpv6']) === true, flagOf(device['ipv6autoconf']) === true];
  return {
    addr,
    subnet: ip4(device['netmask']),
    gateway: ip4(device['gateway']),
    boot_protocol: flagOf(device['dhcpv4']) === true ? 1 : addr === null ? 0 : 2,
    ...six,
    ipv6_gateway: typeof device['ipv6gateway'] === 'string' && isIPv6(device['ipv6gateway']) ? device['ipv6gateway'] : null,
    ipv6_boot_protocol: dhcp6 && auto6 ? 4 : dhcp6 ? 1 : auto6 ? 3 : six.ipv6_address === null ? 0 : 2,
    mtu: integerOf(device['mtu'], 0, 65_536),
  };
}

/** Logical networks, from the part `networks` of capabilities. */
export const networksOf = (caps: Unknown): readonly HostNetwork[] =>
  entriesOf(caps['networks'], mostInterfaces).map(([name, network]) => {
    const bridged = flagOf(network['bridged']) === true;
    // Ports of running machines are connected to a bridge as well.
    const ports = wordsOf(network['ports'], 10_000).filter((port) => !/^(vnet|tap)\d/.test(port));
    return { name, bridged, interface: bridged ? (ports[0] ?? null) : textOf(network['iface'], 50) };
  });

/** Interfaces of a host: NICs, bonds and VLANs. An interface with a logical network has the addresses of that. */
export function interfacesOf(caps: Unknown): readonly HostInterface[] {
  const bonds = entriesOf(caps['bondings'], mostInterfaces);
  const bondOf = new Map(bonds.flatMap(([name, bond]) => wordsOf(bond['slaves'], 100).map((slave) => [slave, name] as const)));
  const networks = networksOf(caps);
  const networkDevices = new Map(entriesOf(caps['networks'], mostInterfaces));

  const all = [
    ...entriesOf(caps['nics'], mostInterfaces).map(
      ([name, nic]) =>
        [
          name,
          nic,
          { mac_addr: textOf(nic['hwaddr'], 59), speed: integerOf(nic['speed'], 0, 10_000_000), bond_name: bondOf.get(name) ?? null },
        ] as const,
    ),
    ...bonds.map(
      ([name, bond]) =>
        [
          name,
          bond,
          {
            mac_addr: textOf(bond['hwaddr'], 59),
            speed: integerOf(bond['speed'], 0, 10_000_000),
            is_bond: true,
            bond_opts: bondOptions(bond['opts']),
          },
        ] as const,
    ),
    ...entriesOf(caps['vlans'], mostInterfaces).map(
      ([name, vlan]) => [name, vlan, { base_interface: textOf(vlan['iface'], 50), vlan_id: integerOf(vlan['vlanid'], 0, 4094) }] as const,
    ),
  ];
  const found = new Map<string, HostInterface>();
  for (const [given, device, own] of all) {
    const name = textOf(given, 50);
    if (name === null) continue;
    const network = networks.find((one) => one.interface === name);
    const addressed = (network?.bridged === true ? networkDevices.get(network.name) : undefined) ?? device;
    found.set(name, {
      ...none,
      ...addressesOf(addressed),
      ...own,
      name,
      network_name: network === undefined ? null : textOf(network.name, 50),
      bridged: network?.bridged === true,
    });
  }
  return [...found.values()].slice(0, mostInterfaces);
}

/** `mode=4 miimon=100`. */
const bondOptions = (value: unknown): string | null =>
  textOf(
    entriesOf(value, 100).length === 0
      ? value
      : Object.entries(value as Unknown)
          .map(([name, one]) => `${name}=${String(one)}`)
          .join(' '),
    4_000,
  );
