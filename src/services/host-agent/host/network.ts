import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { interfacesChange, networkOfFile } from '../../frame/network-file.ts';
import { type Address6, originOf6, readAddresses6, readGateways6 } from './ipv6.ts';
import { exists, namesIn, readLine } from './proc.ts';

const classFolder = '/sys/class/net';

/** What `Host.getCapabilities` tells of networks. */
export interface NetworkFacts {
  readonly networks: Readonly<Record<string, object>>;
  readonly bridges: Readonly<Record<string, object>>;
  readonly nics: Readonly<Record<string, object>>;
  readonly vlans: Readonly<Record<string, object>>;
  readonly bondings: Readonly<Record<string, object>>;
  readonly nameservers: readonly string[];
  readonly supportsIPv6: boolean;
}

type Kind = 'bridge' | 'bond' | 'vlan' | 'nic' | 'other';

/** Devices of guests, tunnels and this machine itself are nobody's to configure. */
const isInner = (name: string): boolean => /^(lo|vnet\d+|tap.*|virbr\d+.*|docker\d+|veth.*|tun\d+|sit\d+|ip6tnl\d+)$/.test(name);

function kindOf(name: string): Kind {
  const here = (path: string): boolean => exists(join(classFolder, name, path));
  if (isInner(name)) return 'other';
  if (here('bridge')) return 'bridge';
  if (here('bonding')) return 'bond';
  if (exists(`/proc/net/vlan/${name}`)) return 'vlan';
  return 'nic';
}

/** IPv4 gateways of default routes by device, from `/proc/net/route`. */
export const readGateways = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/^(\S+)\t00000000\t([0-9A-F]{8})\t/gm)].map(([, name = '', hex = '']) => [
      name,
      [...Buffer.from(hex, 'hex')].reverse().join('.'),
    ]),
  );

/** Whether a device has its address by DHCP: from systemd-networkd, or from the client of ifupdown. */
const hasLease = (name: string): boolean =>
  exists(`/run/systemd/netif/leases/${readLine(join(classFolder, name, 'ifindex'))}`) || exists(`/run/dhclient.${name}.pid`);

/** Whether networks have been changed, and will be as before after the next start of this host, unless somebody commits them. */
export const hasUncommitted = (folder: string): boolean =>
  namesIn(folder).some((file) => file === interfacesChange || networkOfFile(file) !== undefined);

/** What is known of the addresses of all devices. */
interface AddressFacts {
  readonly all: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  readonly gateways: ReadonlyMap<string, string>;
  readonly of6: ReadonlyMap<string, readonly Address6[]>;
  readonly gateways6: ReadonlyMap<string, string>;
}

const addressFacts = (): AddressFacts => ({
  all: networkInterfaces(),
  gateways: readGateways(readLine('/proc/net/route')),
  of6: readAddresses6(readLine('/proc/net/if_inet6')),
  gateways6: readGateways6(readLine('/proc/net/ipv6_route')),
});

/** Fields that devices of all kinds have. */
function common(name: string, facts: AddressFacts): object {
  const read = (path: string): string => readLine(join(classFolder, name, path));
  const addresses = facts.all[name] ?? [];
  const four = addresses.filter(({ family }) => family === 'IPv4');
  const six = addresses.filter(({ family }) => family === 'IPv6');
  const gateway = facts.gateways.get(name) ?? '';
  const origin6 = originOf6(facts.of6.get(name) ?? [], readLine(`/proc/sys/net/ipv6/conf/${name}/autoconf`) === '1');
  return {
    hwaddr: read('address'),
    mtu: read('mtu') || '1500',
    addr: four[0]?.address ?? '',
    netmask: four[0]?.netmask ?? '',
    gateway,
    ipv4addrs: four.map(({ cidr }) => cidr ?? ''),
    ipv4defaultroute: gateway !== '',
    ipv6addrs: six.map(({ cidr }) => cidr ?? ''),
    ipv6gateway: facts.gateways6.get(name) ?? '',
    ipv6autoconf: origin6.autoconf,
    dhcpv4: hasLease(name),
    dhcpv6: origin6.dhcp,
  };
}

/** In megabits a second; 0 where the device does not say. */
export function speedOf(name: string): number {
  const speed = Number(readLine(join(classFolder, name, 'speed')));
  return Number.isFinite(speed) && speed > 0 ? speed : 0;
}

/** Whether the device carries anything. */
export const isUp = (name: string): boolean => ['up', 'unknown'].includes(readLine(join(classFolder, name, 'operstate')));

/** Looks at the devices of this machine. Every bridge that is not libvirt's own is a network of its name. */
export function networkFacts(): NetworkFacts {
  const names = namesIn(classFolder);
  const facts = addressFacts();
  const found: Record<Kind, Record<string, object>> = { bridge: {}, bond: {}, vlan: {}, nic: {}, other: {} };
  const networks: Record<string, object> = {};
  for (const name of names) {
    const kind = kindOf(name);
    if (kind === 'other') continue;
    const fields = common(name, facts);
    const read = (path: string): string => readLine(join(classFolder, name, path));
    switch (kind) {
      case 'bridge': {
        const ports = namesIn(join(classFolder, name, 'brif'));
        const stp = read('bridge/stp_state') === '1' ? 'on' : 'off';
        found.bridge[name] = { ...fields, ports, stp, opts: {} };
        networks[name] = { ...fields, bridged: true, iface: name, ports, stp, switch: 'legacy' };
        break;
      }
      case 'bond': {
        const slaves = read('bonding/slaves')
          .split(' ')
          .filter((slave) => slave !== '');
        const mode = read('bonding/mode').split(' ')[1] ?? '';
        found.bond[name] = { ...fields, slaves, opts: { mode }, active_slave: read('bonding/active_slave'), switch: 'legacy' };
        break;
      }
      case 'vlan': {
        const [, vlanid = '0', iface = ''] = /VID: (\d+)[^]*Device: (\S+)/.exec(readLine(`/proc/net/vlan/${name}`)) ?? [];
        found.vlan[name] = { ...fields, iface, vlanid: Number(vlanid) };
        break;
      }
      case 'nic':
        found.nic[name] = { ...fields, permhwaddr: read('address'), speed: speedOf(name) };
    }
  }
  const resolver = readLine('/etc/resolv.conf');
  return {
    networks,
    bridges: found.bridge,
    nics: found.nic,
    vlans: found.vlan,
    bondings: found.bond,
    nameservers: [...resolver.matchAll(/^nameserver +(\S+)/gm)].map(([, address = '']) => address),
    supportsIPv6: exists('/proc/net/if_inet6'),
  };
}

/** The device that has an address; empty where none has. */
export function deviceOf(address: string | undefined): string {
  const plain = address?.replace(/^::ffff:/, '');
  const found = Object.entries(networkInterfaces()).find(([, addresses]) => addresses?.some((one) => one.address === plain));
  return found?.[0] ?? '';
}
