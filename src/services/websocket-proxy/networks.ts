import { BlockList, isIP, isIPv6 } from 'node:net';
import { ConfigError } from '../frame/config.ts';

/** Whether consoles may lie at an address. */
export type Allowed = (address: string) => boolean;

/**
 * Addresses that are not reached over a network. A host that lies about its displays could otherwise make the proxy talk
 * to services of the engine's machine that listen on loopback because nobody else shall reach them.
 */
const unreachable = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', 'fe80::/10', 'ff00::/8'],
];

/** Makes the rule from networks in CIDR notation; without any, everything but the above. Throws ConfigError for what is no network. */
export function allowedNetworks(networks: readonly string[]): Allowed {
  const list = listOf(networks.length === 0 ? unreachable : networks);
  return (address) => contains(list, address) === networks.length > 0;
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  const wrong: string[] = [];
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    const version = isIP(address);
    const most = version === 6 ? 128 : 32;
    const prefix = bits === '' && !network.includes('/') ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (version === 0 || !(prefix <= most)) wrong.push(`TARGET_NETWORKS: ${network} is not a network, such as 10.0.0.0/8`);
    else list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
  }
  if (wrong.length > 0) throw new ConfigError(wrong);
  return list;
}

function contains(list: BlockList, address: string): boolean {
  if (!isIPv6(address)) return list.check(address, 'ipv4');
  // An IPv4 address in the clothes of IPv6 is judged as what it is, however it is spelled.
  const mapped = new BlockList();
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6');
  if (!mapped.check(address, 'ipv6')) return list.check(address, 'ipv6');
  return list.check(ipv4Of(address), 'ipv4');
}

/** The IPv4 address inside of `::ffff:a.b.c.d`. */
function ipv4Of(address: string): string {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [high = '0', low = '0'] = canonical.split(':').slice(-2);
  const number = parseInt(high, 16) * 65_536 + parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
