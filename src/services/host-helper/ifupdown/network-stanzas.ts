import { isSameAddress } from '../ipv6-address.ts';
import type { WantedNetwork } from '../network-request.ts';
import { Refusal } from '../refusal.ts';
import { unitOptions } from './device-commands.ts';
import { placeOf, type Statement, type StanzaOption } from './interfaces-text.ts';

/* Networks as stanzas of interfaces(5). The bridge is made by iproute2: bridge-utils need not be there, nor are they in the way. */

/** What configured the card so far. */
export interface FormerStanzas {
  readonly four: Statement | undefined;
  readonly six: Statement | undefined;
  /** The MTU that the card gets back when the network goes, where the network has another. */
  readonly mtu: string;
}

/** Options of a stanza that may be there: those the bridge has as well, and those that it has of its own. */
const known: Readonly<Record<string, { readonly carried: readonly string[]; readonly own: readonly string[] }>> = {
  'inet dhcp': { carried: ['metric', 'hostname', 'client'], own: [] },
  'inet static': { carried: ['metric'], own: ['address', 'netmask', 'gateway', 'broadcast', 'network', 'mtu'] },
  'inet manual': { carried: [], own: ['mtu'] },
  'inet6 auto': { carried: ['privext', 'accept_ra'], own: [] },
  'inet6 static': { carried: ['privext', 'accept_ra', 'autoconf', 'metric'], own: ['address', 'netmask', 'gateway'] },
  'inet6 manual': { carried: [], own: [] },
};
const names = /^dns-[a-z-]+$/;
const servers = /^dns-nameservers?$/;
const commands: readonly string[] = ['up', 'post-up', 'down', 'pre-down'];
/** The only commands that are understood: ways to further networks, and a card that goes up and down, which it does by itself. */
const route =
  /^(?:\/(?:usr\/)?s?bin\/)?ip (?:-4 )?route (?:add|append|replace|del|delete) [0-9./]+ via [0-9.]+(?: dev (\S+))?(?: metric \d+)?(?: \|\| (?:true|:))?$/;
const upOrDown = /^(?:\/(?:usr\/)?s?bin\/)?ip link set (?:dev )?(\S+) (?:up|down)$/;

/** What an option of a stanza is set to; undefined where it is not. */
export const valueOf = (stanza: Statement | undefined, name: string): string | undefined =>
  stanza?.options.find((option) => option.name === name)?.value;

/**
 * What stanzas of a card say that its bridge has to say as well.
 * @throws Refusal (501) for what a network does not take over
 */
function carriedOver(stanza: Statement | undefined, { name, nic, nameservers }: WantedNetwork): readonly string[] {
  if (stanza === undefined) return [];
  const { file, from, words } = stanza;
  const kind = words.slice(1).join(' ');
  const method = Object.hasOwn(known, kind) ? known[kind] : undefined;
  if (method === undefined) throw new Refusal(501, `${placeOf(file, from + 1)}: ${nic} has "${kind}", which a network does not take over`);
  const isCard = (device: string | undefined): boolean => device === undefined || device === nic || /^"?\$\{?IFACE\}?"?$/.test(device);
  const carry = (option: StanzaOption): readonly string[] => {
    const said = [`    ${option.name} ${option.value}`];
    if (commands.includes(option.name)) {
      const way = route.exec(option.value);
      if (way !== null && isCard(way[1])) return said.map((line) => (way[1] === nic ? line.replace(` dev ${nic}`, ` dev ${name}`) : line));
      const link = upOrDown.exec(option.value);
      if (link !== null && isCard(link[1])) return [];
    } else {
      const isOnce = stanza.options.filter((one) => one.name === option.name).length === 1;
      if (isOnce && method.own.includes(option.name)) return [];
      if (isOnce && method.carried.includes(option.name)) return said;
      if (isOnce && names.test(option.name)) return servers.test(option.name) && nameservers.length > 0 ? [] : said;
    }
    throw new Refusal(
      501,
      `${placeOf(file, option.line)}: ${nic} has "${option.name} ${option.value}", which a network does not take over. Take it out there`,
    );
  };
  return stanza.options.flatMap(carry);
}

const ipv6 = (device: string): string => `/proc/sys/net/ipv6/conf/${device}/disable_ipv6`;
const withoutIpv6 = (device: string): string => `    pre-up test ! -e ${ipv6(device)} || echo 1 >${ipv6(device)}`;
const withIpv6 = (phase: string, device: string): string =>
  `    ${phase} test ! -e ${ipv6(device)} || cat ${ipv6('default')} >${ipv6(device)}`;
/** So long a card is waited for that announces itself late when the host starts. */
const cardSeconds = 10;
const usualMtu = 1_500;

/**
 * The lines of a network. Names and addresses in it have been checked; what comes along from stanzas is such a line already.
 * @throws Refusal (501) for what ifupdown does not do, or what the card has and a network does not take over
 */
export function stanzasOf(network: WantedNetwork, former: FormerStanzas): readonly string[] {
  const { name, nic, ipv4, ipv6: six, defaultRoute, nameservers } = network;
  const refuse = (what: string): Refusal => new Refusal(501, `Network ${name}: ${what} cannot be had where ifupdown configures the card`);
  if (six.dhcp) throw refuse('DHCP of IPv6');
  if (ipv4 === 'dhcp' && !defaultRoute) throw refuse('DHCP without its way to everything else');
  const [kept, kept6] = [carriedOver(former.four, network), carriedOver(former.six, network)];
  // By DHCP a card is told an MTU that the bridge is told from then on, and cannot have unless the card has it.
  const learnt = ipv4 === 'dhcp' && Number(former.mtu) > usualMtu ? former.mtu : undefined;
  const mtu = network.mtu ?? valueOf(former.four, 'mtu') ?? learnt;
  if (mtu !== undefined && !/^\d{1,5}$/.test(String(mtu))) throw refuse(`The MTU ${mtu}`);
  const hasSix = six.address !== null || six.router;
  const isRouted = hasSix && six.address === null && former.six?.words[2] === 'auto';
  // Somebody gave the card a fixed address, and it would be there no more.
  if (former.six?.words[2] === 'static' && !isSameAddress(valueOf(former.six, 'address') ?? '', six.address ?? ''))
    throw new Refusal(501, `${placeOf(former.six.file, former.six.from + 1)}: a network cannot take over the IPv6 address of ${nic}`);
  const isTaken = ipv4 !== null && ipv4 !== 'dhcp' && plainAddress(valueOf(former.four, 'address')) === plainAddress(ipv4.address);
  const broadcast = isTaken ? valueOf(former.four, 'broadcast') : undefined;
  const gateway6 = six.gateway ?? valueOf(former.six, 'gateway');
  const sized = (device: string): readonly string[] => (mtu === undefined ? [] : [`    pre-up ip link set dev ${device} mtu ${mtu}`]);
  // The address of the card is that of the bridge, and so is all that it hears.
  const asPort = [...sized(nic), withoutIpv6(nic)];
  return [
    `iface ${nic} inet manual`,
    // It may come back while the bridge is there.
    ...asPort,
    `    up test ! -d /sys/class/net/${name} || ip link set dev ${nic} master ${name}`,
    // Or announce itself (allow-hotplug) when the start of the host waits for it no longer.
    `    up test -d /sys/class/net/${name} || test "$CLASS" != hotplug || systemd-run ${unitOptions(name).join(' ')} ifup ${name} || true`,
    `auto ${name}`,
    `iface ${name} inet ${ipv4 === null ? 'manual' : ipv4 === 'dhcp' ? 'dhcp' : 'static'}`,
    `    pre-up timeout ${cardSeconds} sh -c 'until test -e /sys/class/net/${nic}/address; do sleep 0.2; done'`,
    `    pre-up test -d /sys/class/net/${name} || ip link add name ${name} address $(cat /sys/class/net/${nic}/address) type bridge ${bridge}`,
    ...asPort,
    ...sized(name),
    // The bridge may be there, and have been made for something else.
    hasSix ? withIpv6('pre-up', name) : withoutIpv6(name),
    `    pre-up ip link set dev ${nic} master ${name} up`,
    ...(ipv4 === null || ipv4 === 'dhcp' ? [] : [`    address ${ipv4.address}`]),
    ...(broadcast === undefined ? [] : [`    broadcast ${broadcast}`]),
    ...(ipv4 === null || ipv4 === 'dhcp' || ipv4.gateway === null ? [] : [`    gateway ${ipv4.gateway}`]),
    ...(ipv4 !== null && nameservers.length > 0 ? [`    dns-nameservers ${nameservers.join(' ')}`] : []),
    ...(ipv4 === null ? [] : kept),
    `    post-down ip link set dev ${nic} nomaster`,
    ...(mtu === undefined ? [] : [nic, name].map((device) => `    post-down ip link set dev ${device} mtu ${former.mtu}`)),
    withIpv6('post-down', nic),
    ...(six.address === null ? [] : [`iface ${name} inet6 static`, `    address ${six.address}`]),
    ...(six.address === null || gateway6 === undefined ? [] : [`    gateway ${gateway6}`]),
    ...(isRouted ? [`iface ${name} inet6 auto`] : []),
    ...(six.address !== null || isRouted ? kept6 : []),
  ];
}

const bridge = 'stp_state 0 forward_delay 0 mcast_snooping 0';
const plainAddress = (address: string | undefined): string => address?.split('/')[0]?.toLowerCase() ?? '';

/** The card that the stanzas of a network are for; undefined where they are not such. */
export const nicOf = (stanzas: readonly string[]): string | undefined => /^iface (\S+) inet manual$/.exec(stanzas[0] ?? '')?.[1];

/** What the card had for its MTU before the network, by the stanzas of that; undefined where it has no other. */
export const formerMtuOf = (stanzas: readonly string[]): string | undefined =>
  stanzas.map((line) => /^ {4}post-down ip link set dev \S+ mtu (\d+)$/.exec(line)?.[1]).find((mtu) => mtu !== undefined);

/**
 * Stanzas by which devices are taken down and nothing is told to anybody: a DHCP client of ifupdown would give its lease back, and another host might get
 * the address meanwhile.
 */
export const quietStanzas = (devices: readonly string[], networks: ReadonlyMap<string, readonly string[]>): string =>
  devices
    .map((device) => {
      const after = (networks.get(device) ?? []).filter((line) => line.startsWith('    post-down '));
      return [`iface ${device} inet manual`, ...new Set(after)].map((line) => `${line}\n`).join('');
    })
    .join('');
