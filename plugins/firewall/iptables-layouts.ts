import { type Family, type System, familyOf } from '#kit';

/*
 * Where distributions keep rules of iptables over a start of the host: as data, so that everything else reads the same for each of them.
 */

/** IPv4 and IPv6 have tables of their own, and so have their rules. */
export interface AddressFamily {
  readonly name: 'IPv4' | 'IPv6';
  readonly program: 'iptables' | 'ip6tables';
  /** The file that holds the rules, as iptables-save(8) writes them. */
  readonly saved: string;
  /** The unit that puts them in force when the host starts. */
  readonly unit: string;
}

export interface RulesLayout {
  readonly families: readonly AddressFamily[];
  /** Without this file the unit is there, and loads no rules of iptables. */
  readonly loader?: string;
  /** Permission bits of a file that is not there yet. */
  readonly mode: number;
}

/** The package iptables-persistent: one unit for both. */
const debian: RulesLayout = {
  families: [
    { name: 'IPv4', program: 'iptables', saved: '/etc/iptables/rules.v4', unit: 'netfilter-persistent' },
    { name: 'IPv6', program: 'ip6tables', saved: '/etc/iptables/rules.v6', unit: 'netfilter-persistent' },
  ],
  loader: '/usr/share/netfilter-persistent/plugins.d/15-ip4tables',
  mode: 0o640,
};

/** The package iptables-services: a unit for each. */
const enterpriseLinux: RulesLayout = {
  families: [
    { name: 'IPv4', program: 'iptables', saved: '/etc/sysconfig/iptables', unit: 'iptables' },
    { name: 'IPv6', program: 'ip6tables', saved: '/etc/sysconfig/ip6tables', unit: 'ip6tables' },
  ],
  mode: 0o600,
};

const layouts: Readonly<Record<Family, RulesLayout>> = { debian, 'enterprise-linux': enterpriseLinux };

/** The layout of a distribution, by what os-release(5) says of it. */
export const rulesLayoutOf = (distribution: System['distribution']): RulesLayout => layouts[familyOf(distribution)];
