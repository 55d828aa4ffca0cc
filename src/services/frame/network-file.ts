/*
 * Networks of virtual machines are files of systemd-networkd, or parts of a file of ifupdown. The helper of a host writes them, and its agent looks
 * whether there are some that are not committed yet.
 */

/** They stand before what else configures the host: of several files that fit a device the first counts. */
const prefix = '05-ovirt-';

/** What a network consists of, in the order in which it must be written: without the last one nothing of it counts. */
export const networkFileKinds = ['netdev', 'network', 'port.network'] as const;
export type NetworkFileKind = (typeof networkFileKinds)[number];

/** The name of a file of a network. */
export const networkFile = (network: string, kind: NetworkFileKind): string => `${prefix}${network}.${kind}`;

/** The network that a file belongs to, by the name of the file; undefined for a file that is not ours. */
export function networkOfFile(file: string): string | undefined {
  const kind = networkFileKinds.find((one) => file.endsWith(`.${one}`) && !file.slice(prefix.length, -one.length - 1).includes('.'));
  return kind !== undefined && file.startsWith(prefix) ? file.slice(prefix.length, -kind.length - 1) : undefined;
}

/** The folder in which a change of a file of ifupdown lies that is not committed yet, beside such files of systemd-networkd. */
export const interfacesChange = '05-ovirt.interfaces';
