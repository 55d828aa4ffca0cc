import { badRequest } from '../http/fault.ts';
import { readCidr } from './addresses.ts';

/** What a rule of a security group lets through. */
export interface Rule {
  readonly direction: 'ingress' | 'egress';
  readonly ethertype: 'IPv4' | 'IPv6';
  /** A word (`tcp`) or a number of IANA; null: every protocol. */
  readonly protocol: string | null;
  /** Of ICMP the type. */
  readonly least: number | null;
  /** Of ICMP the code. */
  readonly most: number | null;
  readonly prefix: string | null;
  /** Name of the port group from or to whose members it lets. */
  readonly remoteGroup: string | null;
}

/** Numbers by which clients may call the protocols that have words. */
const wordOf: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'icmpv6',
  '132': 'sctp',
  'ipv6-icmp': 'icmpv6',
};
const withPorts = ['tcp', 'udp', 'sctp'];

/** The protocol as rules keep it; throws a fault for one that is none. */
export function protocolOf(text: string | null): string | null {
  if (text === null || text === '' || text === 'any') return null;
  const word = wordOf[text.toLowerCase()] ?? text.toLowerCase();
  if ([...withPorts, 'icmp', 'icmpv6'].includes(word)) return word;
  if (/^\d{1,3}$/.test(word) && Number(word) <= 255) return String(Number(word));
  throw badRequest('protocol must be tcp, udp, sctp, icmp, icmpv6, or a number from 0 to 255.');
}

/**
 * The expression by which OVN finds the packets (ovn-sb(5), Logical_Flow). Everything in it is a number, a word of ours or an address that
 * was read and written anew, so nobody can bring in words of their own.
 * @param group name of the port group that the rule is of
 */
export function matchOf(group: string, rule: Rule): string {
  const incoming = rule.direction === 'ingress';
  const ip = rule.ethertype === 'IPv4' ? 'ip4' : 'ip6';
  const other = `${ip}.${incoming ? 'src' : 'dst'}`;
  return [
    `${incoming ? 'outport' : 'inport'} == @${group}`,
    ip,
    ...(rule.prefix === null ? [] : [`${other} == ${rule.prefix}`]),
    ...(rule.remoteGroup === null ? [] : [`${other} == $${rule.remoteGroup}_${ip}`]),
    ...protocolMatch(rule),
  ].join(' && ');
}

function protocolMatch({ protocol, least, most, ethertype }: Rule): readonly string[] {
  if (protocol === null) return [];
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    const word = ethertype === 'IPv4' ? 'icmp4' : 'icmp6';
    return [word, ...(least === null ? [] : [`${word}.type == ${least}`]), ...(most === null ? [] : [`${word}.code == ${most}`])];
  }
  if (!withPorts.includes(protocol)) return [`ip.proto == ${protocol}`];
  if (least !== null && least === most) return [protocol, `${protocol}.dst == ${least}`];
  return [protocol, ...(least === null ? [] : [`${protocol}.dst >= ${least}`]), ...(most === null ? [] : [`${protocol}.dst <= ${most}`])];
}

/** Throws a fault for a rule that cannot be. */
export function judgeRule({ protocol, least, most, prefix, remoteGroup, ethertype }: Rule): void {
  if (prefix !== null && remoteGroup !== null) throw badRequest('A rule has remote_ip_prefix or remote_group_id, not both.');
  if (prefix !== null && readCidr(prefix)?.version !== (ethertype === 'IPv4' ? 4 : 6)) {
    throw badRequest(`remote_ip_prefix must be a network of ${ethertype}.`);
  }
  if (protocol === 'icmpv6' && ethertype === 'IPv4') throw badRequest('icmpv6 is of IPv6.');
  if (least === null && most === null) return;
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    if (least === null) throw badRequest('A code of ICMP, in port_range_max, needs a type, in port_range_min.');
    if (least > 255 || (most ?? 0) > 255) throw badRequest('Types and codes of ICMP go up to 255.');
    return;
  }
  if (protocol === null || !withPorts.includes(protocol)) throw badRequest('Only tcp, udp and sctp have ports.');
  if (least === null || most === null || least > most)
    throw badRequest('port_range_min and port_range_max must both be there, in this order.');
}
