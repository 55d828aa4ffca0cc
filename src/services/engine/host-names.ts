import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

/** A name or an address of a host as it stands in an address of the web: lower case, IPv6 in brackets and in its short form. */
export function nameInUrls(name: string): string {
  const bare = name.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return isIPv6(bare) ? new URL(`https://[${bare}]`).hostname : bare;
}

/** Interfaces that lead to guests and containers of this host, not to the host from elsewhere. */
const inward = /^(virbr|vnet|docker|br-[0-9a-f]{12}$|br-int$|ovn|genev_sys|ovs|veth|cni|podman|tap|ifb)/;

/** What the kernel marks as not to be relied on, as a list of `ADDRESS index prefix scope flags NAME` with 32 hex digits each. */
const temporaryFlag = 0x01;

/**
 * The addresses of this host that stay: no loopback, no link-local and no temporary ones, none on bridges of libvirt, Docker or
 * OVN. `ipv6` is the text of /proc/net/if_inet6.
 */
export function stableAddresses(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  ipv6: string,
): readonly string[] {
  const temporary = new Set(
    ipv6.split('\n').flatMap((line) => {
      const [digits = '', , , , flags = '0'] = line.trim().split(/\s+/);
      return (Number.parseInt(flags, 16) & temporaryFlag) === 0 ? [] : [nameInUrls(digits.replace(/(.{4})(?!$)/g, '$1:'))];
    }),
  );
  return Object.entries(interfaces)
    .filter(([name]) => !inward.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ address, internal }) => !internal && !/^(fe[89ab]|169\.254\.)/i.test(address))
    .map(({ address }) => nameInUrls(address))
    .filter((address) => !temporary.has(address));
}

/** The names beside the configured ones under which browsers reach an engine that listens on an address. */
export async function namesOfListener(address: string, behindProxy: boolean): Promise<readonly string[]> {
  if (!behindProxy && /^(127\.|::1$|localhost$)/.test(address)) return ['localhost', '127.0.0.1', '[::1]'];
  const ipv6 = await readFile('/proc/net/if_inet6', 'utf8').catch(() => '');
  return stableAddresses(networkInterfaces(), ipv6);
}
