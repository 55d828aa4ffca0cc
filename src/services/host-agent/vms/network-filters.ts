import { type Log, errorFields } from '../../frame/log.ts';
import type { Libvirt } from '../libvirt/libvirt.ts';
import { LibvirtError } from '../libvirt/rpc.ts';
import { element, writeXml } from '../xml.ts';

/*
 * Filters for what guests send. Definitions name them (https://libvirt.org/formatnwfilter.html); libvirt brings along most of those that engines name,
 * and one is of hosts of oVirt.
 */

const ours = 'vdsm-no-mac-spoofing';

/** By this name engines say that a card has no filter. */
export const noFilter = 'ovirt-no-filter';

/** A guest sends with the addresses of its own network cards alone. */
const definition = writeXml(
  element(
    'filter',
    { name: ours, chain: 'root' },
    ['no-mac-spoofing', 'no-arp-mac-spoofing'].map((filter) => element('filterref', { filter })),
  ),
);

/**
 * Makes the filter that is not libvirt's, unless there is one by its name. Where that cannot be, machines without filters can be started all the same,
 * and libvirt tells of the others what is missing.
 */
export async function makeFilters(libvirt: Libvirt, log: Log): Promise<void> {
  try {
    if (!(await libvirt.hasFilter(ours))) await libvirt.defineFilter(definition);
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    log.warning('cannot make the filter for network cards', { filter: ours, ...errorFields(error) });
  }
}
