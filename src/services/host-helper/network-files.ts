import { networkFile } from '../frame/network-file.ts';
import type { WantedNetwork } from './network-request.ts';

/* What systemd.netdev(5) and systemd.network(5) read. Everything that goes into them has been checked, or comes from such a file. */

/** What is known of the network card that a bridge is made on. */
export interface Surroundings {
  /** Its hardware address, which the bridge takes: those who give addresses know the host by it. */
  readonly mac: string;
  /** The file that the addresses of the host came from so far; empty if there is none. */
  readonly former: string;
  /** The client id of its lease, in hex, as DHCP has it (RFC 2132, 9.14); empty without a lease. */
  readonly clientId: string;
}

const head = '# Made by the agent of this host for the engine, which replaces it.\n';

const section = (name: string, lines: readonly (string | false)[]): string => {
  const told = lines.filter((line) => line !== false && line !== '');
  return told.length === 0 ? '' : `\n[${name}]\n${told.join('\n')}\n`;
};

/** The files of a network, by their names. */
export function filesOf(network: WantedNetwork, { mac, former, clientId }: Surroundings): ReadonlyMap<string, string> {
  const { name, nic, mtu, ipv4, ipv6, defaultRoute, nameservers } = network;
  const formerSize = /^\s*MTUBytes\s*=\s*(\d+[KMG]?)\s*$/m.exec(former)?.[1];
  const size = mtu ?? formerSize;
  const bytes = size !== undefined && `MTUBytes=${size}`;
  const link = section('Link', [bytes]);
  const hasSix = ipv6.address !== null || ipv6.router || ipv6.dhcp;
  const isPlace = ipv4 !== null || hasSix;
  const kept = isPlace ? carriedOver(former, nameservers.length > 0) : { names: [], routes: '' };
  const dhcp = [...(ipv4 === 'dhcp' ? ['ipv4'] : []), ...(ipv6.dhcp ? ['ipv6'] : [])];
  return new Map([
    [
      networkFile(name, 'netdev'),
      head +
        section('NetDev', [`Name=${name}`, 'Kind=bridge', `MACAddress=${mac}`]) +
        section('Bridge', ['STP=no', 'ForwardDelaySec=0', 'MulticastSnooping=no']),
    ],
    [
      networkFile(name, 'network'),
      head +
        section('Match', [`Name=${name}`]) +
        (isPlace ? link : section('Link', [bytes, 'RequiredForOnline=no'])) +
        section('Network', [
          `LinkLocalAddressing=${hasSix ? 'ipv6' : 'no'}`,
          `IPv6AcceptRA=${ipv6.router || ipv6.dhcp ? 'yes' : 'no'}`,
          // Without an address it has no reason to wait for its card.
          !isPlace && 'ConfigureWithoutCarrier=yes',
          dhcp.length > 0 && `DHCP=${dhcp.length === 2 ? 'yes' : String(dhcp[0])}`,
          ...(ipv4 !== null && ipv4 !== 'dhcp' ? [`Address=${ipv4.address}`, ipv4.gateway !== null && `Gateway=${ipv4.gateway}`] : []),
          ipv6.address !== null && `Address=${ipv6.address}`,
          ipv6.gateway !== null && `Gateway=${ipv6.gateway}`,
          ...nameservers.map((server) => `DNS=${server}`),
          ...kept.names,
        ]) +
        (ipv4 === 'dhcp' ? section('DHCPv4', [...identity(clientId), !defaultRoute && 'UseGateway=no']) : '') +
        kept.routes,
    ],
    [
      networkFile(name, 'port.network'),
      head +
        section('Match', [`Name=${nic}`]) +
        link +
        section('Network', [`Bridge=${name}`, 'LinkLocalAddressing=no', 'IPv6AcceptRA=no', 'LLDP=no']),
    ],
  ]);
}

/** As whom the host asks for an address: as it did before, so that it gets the same again. */
function identity(clientId: string): readonly string[] {
  // RFC 4361: the type 255, four bytes for the interface, and what the host is known by.
  const iaid = /^ff([0-9a-f]{8})/i.exec(clientId)?.[1];
  if (iaid !== undefined) return ['ClientIdentifier=duid', `IAID=${parseInt(iaid, 16)}`];
  return /^01/.test(clientId) ? ['ClientIdentifier=mac'] : [];
}

/** What a file says besides addresses and the way to everything else: names, and ways to further networks. */
function carriedOver(former: string, hasServers: boolean): { readonly names: readonly string[]; readonly routes: string } {
  const sections = former.split(/^(?=\s*\[)/m).map((text) => ({
    title: /^\s*\[(\w+)\]/.exec(text)?.[1] ?? '',
    lines: text
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
      .filter((line) => /^[A-Za-z0-9]+\s*=/.test(line)),
  }));
  const named = hasServers ? /^(Domains|NTP)\s*=/ : /^(DNS|Domains|NTP)\s*=/;
  return {
    names: sections.filter(({ title }) => title === 'Network').flatMap(({ lines }) => lines.filter((line) => named.test(line))),
    routes: sections
      .filter(({ title, lines }) => title === 'Route' && lines.some((line) => /^Destination\s*=\s*(?!0\.0\.0\.0\/0|::\/0)\S/.test(line)))
      .map(({ lines }) => section('Route', lines))
      .join(''),
  };
}
