import { BlockList, isIP, isIPv6 } from 'node:net';
import { ConfigError } from './config.ts';

/** Whether a service may connect to an address. */
export type Allowed = (address: string) => boolean;

/**
 * Addresses that are not reached over a network. Whoever names a target could otherwise make a proxy talk to services
 * of its own machine that listen on loopback because nobody else shall reach them.
 */
const unreachable = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', 'fe80::/10', 'ff00::/8'],
];

/**
 * Makes the rule from networks in CIDR notation; without any, everything but the above. Throws ConfigError for what is no network.
 * @param key the setting that they come from
 */
export function allowedNetworks(networks: readonly string[], key: string): Allowed {
  const list = listOf(networks.length === 0 ? unreachable : networks, key);
  // An IPv4 address in the clothes of IPv6 is judged as what it is: the list itself sees through that.
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') === networks.length > 0;
}

function listOf(networks: readonly string[], key: string): BlockList {
  const list = new BlockList();
  const wrong: string[] = [];
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    const version = isIP(address);
    const most = version === 6 ? 128 : 32;
    const prefix = bits === '' && !network.includes('/') ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (version === 0 || !(prefix <= most)) wrong.push(`${key}: ${network} is not a network, such as 10.0.0.0/8`);
    else list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
  }
  if (wrong.length > 0) throw new ConfigError(wrong);
  return list;
}
