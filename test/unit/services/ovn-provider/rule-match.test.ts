import { describe, expect, test } from 'vitest';
import { judgeRule, matchOf, protocolOf, type Rule } from '../../../../src/services/ovn-provider/neutron/rule-match.ts';

const rule = (fields: Partial<Rule>): Rule => ({
  ...{ direction: 'ingress', ethertype: 'IPv4', protocol: null, least: null, most: null, prefix: null, remoteGroup: null },
  ...fields,
});

describe('a rule', () => {
  test.each<[Partial<Rule>, string]>([
    [{}, 'outport == @g && ip4'],
    [{ direction: 'egress', ethertype: 'IPv6' }, 'inport == @g && ip6'],
    [{ prefix: '192.0.2.0/24' }, 'outport == @g && ip4 && ip4.src == 192.0.2.0/24'],
    [{ direction: 'egress', remoteGroup: 'other' }, 'inport == @g && ip4 && ip4.dst == $other_ip4'],
    [{ protocol: 'tcp', least: 22, most: 22 }, 'outport == @g && ip4 && tcp && tcp.dst == 22'],
    [{ protocol: 'udp', least: 1, most: 9 }, 'outport == @g && ip4 && udp && udp.dst >= 1 && udp.dst <= 9'],
    [{ protocol: 'icmp', least: 8, most: 0 }, 'outport == @g && ip4 && icmp4 && icmp4.type == 8 && icmp4.code == 0'],
    [{ protocol: 'icmpv6', ethertype: 'IPv6' }, 'outport == @g && ip6 && icmp6'],
    [{ protocol: '47' }, 'outport == @g && ip4 && ip.proto == 47'],
  ])('%j is found by %s', (fields, match) => {
    judgeRule(rule(fields));
    expect(matchOf('g', rule(fields))).toBe(match);
  });

  test.each<[Partial<Rule>, string]>([
    [{ prefix: '::/0' }, 'must be a network of IPv4'],
    [{ prefix: '0.0.0.0/0', remoteGroup: 'x' }, 'not both'],
    [{ least: 1, most: 2 }, 'Only tcp, udp and sctp have ports'],
    [{ protocol: 'tcp', least: 2, most: 1 }, 'in this order'],
    [{ protocol: 'tcp', least: 2 }, 'must both be there'],
    [{ protocol: 'icmp', most: 1 }, 'needs a type'],
    [{ protocol: 'icmp', least: 256 }, 'up to 255'],
    [{ protocol: 'icmpv6' }, 'is of IPv6'],
  ])('%j cannot be', (fields, message) => {
    expect(() => judgeRule(rule(fields))).toThrow(message);
  });

  test('has a protocol by its word or its number', () => {
    expect(['TCP', '17', 'any', '', null, 'ipv6-icmp', '89', '006'].map(protocolOf)).toEqual([
      ...['tcp', 'udp', null, null, null, 'icmpv6', '89', '6'],
    ]);
    for (const word of ['gre', '256', 'tcp || 1', '-1']) expect(() => protocolOf(word)).toThrow('protocol must be');
  });
});
