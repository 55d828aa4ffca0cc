import type { Switch } from '../northbound/tables.ts';

/**
 * What stands in `exclude_ips` of a switch, the addresses that OVN gives to nobody (ovn-nb(5)), with some more and without others. What somebody
 * else has written there, ranges for instance, stays. Undefined: nothing.
 */
export function excluded(network: Switch, { add = [], drop = [] }: { add?: readonly string[]; drop?: readonly string[] }) {
  const present = (network.other_config.get('exclude_ips') ?? '').split(/\s+/).filter((word) => word !== '' && !drop.includes(word));
  const words = [...new Set([...present, ...add])];
  return words.length === 0 ? undefined : words.join(' ');
}
