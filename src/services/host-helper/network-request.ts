import { isIPv4, isIPv6 } from 'node:net';
import { Refusal } from './refusal.ts';

/** An address with the length of its prefix, `192.0.2.10/24`. */
type WithPrefix = string;

/** A network of virtual machines: a bridge on a network card. */
export interface WantedNetwork {
  /** What the bridge is called. */
  readonly name: string;
  readonly nic: string;
  readonly mtu: number | null;
  /** Null: the host has no IPv4 address in this network. */
  readonly ipv4: 'dhcp' | { readonly address: WithPrefix; readonly gateway: string | null } | null;
  readonly ipv6: { readonly address: WithPrefix | null; readonly gateway: string | null; readonly router: boolean; readonly dhcp: boolean };
  /** Whether the host reaches everything else through this network, where it learns the way by DHCP. */
  readonly defaultRoute: boolean;
  readonly nameservers: readonly string[];
}

/** What is to become of networks of this host. */
export interface NetworkChange {
  readonly make: readonly WantedNetwork[];
  readonly remove: readonly string[];
  /** After so many seconds everything is as before, unless the change is kept. */
  readonly seconds: number;
}

/** A name that begins with `-` would be an option to programs. */
const nameForm = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,14}$/;
/** Devices of the kernel, of libvirt and of virtual machines have such names; `all` and `default` mean every device. */
const reserved = /^(lo|all|default|vnet\d+|tap.*|virbr\d+.*)$/;
const nicForm = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/;
const mostNetworks = 50;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads what the agent wants of networks: `{"networks": {"ovirtmgmt": {"nic": "eth0", "ipv4": "dhcp"}, "old": null}, "seconds": 120}`, where null
 * means that one is to go.
 * @throws Refusal
 */
export function readNetworkChange(body: unknown): NetworkChange {
  if (!isObject(body) || !isObject(body['networks'])) throw new Refusal(400, 'The object networks is expected');
  const { seconds } = body;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 1 || seconds > 3_600)
    throw new Refusal(400, 'seconds must be a whole number from 1 to 3600');
  const all = Object.entries(body['networks']);
  if (all.length === 0 || all.length > mostNetworks) throw new Refusal(400, `There must be 1 to ${mostNetworks} networks`);
  for (const [name] of all)
    if (!isNetworkName(name)) throw new Refusal(400, `A network cannot be called ${JSON.stringify(name)} on a host`);
  const make = all.flatMap(([name, wanted]) => (wanted === null ? [] : [readNetwork(name, wanted)]));
  const twice = make.find(({ nic }, at) => make.findIndex((one) => one.nic === nic) !== at);
  if (twice !== undefined) throw new Refusal(400, `Two networks are to be on ${twice.nic}`);
  return { make, remove: all.flatMap(([name, wanted]) => (wanted === null ? [name] : [])), seconds };
}

/** Whether a bridge may be called so. */
export const isNetworkName = (name: string): boolean => nameForm.test(name) && !reserved.test(name);

function readNetwork(name: string, wanted: unknown): WantedNetwork {
  const flawed = (what: string): Refusal => new Refusal(400, `Network ${name}: ${what}`);
  if (!isObject(wanted)) throw flawed('an object is expected');
  const { nic, mtu = null, ipv4 = null, ipv6 = {}, defaultRoute = false, nameservers = [] } = wanted;
  if (typeof nic !== 'string' || !nicForm.test(nic) || nic === name) throw flawed('nic must be the name of a network card');
  if (mtu !== null && (typeof mtu !== 'number' || !Number.isInteger(mtu) || mtu < 68 || mtu > 65_535))
    throw flawed('mtu must be a whole number from 68 to 65535');
  if (typeof defaultRoute !== 'boolean') throw flawed('defaultRoute must be true or false');
  if (
    !Array.isArray(nameservers) ||
    nameservers.length > 10 ||
    !nameservers.every((one) => isAddress(one, isIPv4) || isAddress(one, isIPv6))
  )
    throw flawed('nameservers must be a list of at most 10 IP addresses');
  return { name, nic, mtu, ipv4: readIpv4(ipv4, flawed), ipv6: readIpv6(ipv6, flawed), defaultRoute, nameservers };
}

function readIpv4(value: unknown, flawed: (what: string) => Refusal): WantedNetwork['ipv4'] {
  if (value === null || value === 'dhcp') return value;
  if (!isObject(value)) throw flawed('ipv4 must be "dhcp", an object or null');
  const { address, gateway = null } = value;
  if (!isWithPrefix(address, isIPv4, 32)) throw flawed('ipv4.address must be an IPv4 address with the length of its prefix');
  if (gateway !== null && !isAddress(gateway, isIPv4)) throw flawed('ipv4.gateway must be an IPv4 address');
  return { address, gateway };
}

function readIpv6(value: unknown, flawed: (what: string) => Refusal): WantedNetwork['ipv6'] {
  if (!isObject(value)) throw flawed('ipv6 must be an object');
  const { address = null, gateway: way = null, router = false, dhcp = false } = value;
  // So some say that there is none.
  const gateway = way === '::' ? null : way;
  if (address !== null && !isWithPrefix(address, isIPv6, 128))
    throw flawed('ipv6.address must be an IPv6 address with the length of its prefix');
  if (gateway !== null && !isAddress(gateway, isIPv6)) throw flawed('ipv6.gateway must be an IPv6 address');
  if (typeof router !== 'boolean' || typeof dhcp !== 'boolean') throw flawed('ipv6.router and ipv6.dhcp must be true or false');
  return { address, gateway, router, dhcp };
}

/** Scopes (`fe80::1%eth0`) mean something to nobody but this host now. */
const isAddress = (value: unknown, isIp: (text: string) => boolean): value is string =>
  typeof value === 'string' && isIp(value) && !value.includes('%');

function isWithPrefix(value: unknown, isIp: (text: string) => boolean, longest: number): value is WithPrefix {
  if (typeof value !== 'string') return false;
  const [address = '', prefix = '', ...rest] = value.split('/');
  return rest.length === 0 && isAddress(address, isIp) && /^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= longest;
}
