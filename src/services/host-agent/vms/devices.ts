import { setTimeout as sleep } from 'node:timers/promises';
import type { Libvirt } from '../libvirt/libvirt.ts';
import type { Domain } from '../libvirt/domain.ts';
import { LibvirtError } from '../libvirt/rpc.ts';
import { VerbFailure } from '../verbs.ts';
import { type Element, child, childrenOf, element, parseXml, writeXml } from '../xml.ts';
import { codes } from './codes.ts';
import { sourceOf } from './device-policy.ts';

/** What opens a display for a while. */
export interface Ticket {
  /** Of which display; undefined: the first. */
  readonly type: string | undefined;
  readonly password: string;
  /** Seconds. */
  readonly seconds: number;
  /** What happens to who is connected: `keep`, `disconnect` or `fail`. */
  readonly connected: string;
}

/** Bytes of a password. */
const most: Readonly<Record<string, number>> = { vnc: 8, spice: 60 };

/**
 * Gives a display a password that is valid for a while. It goes to libvirt in a message, and nowhere else.
 * @throws VerbFailure (18)
 */
export async function setTicket(libvirt: Libvirt, domain: Domain, ticket: Ticket, now: number): Promise<void> {
  const { type, password, seconds, connected } = ticket;
  const displays = await devicesOf(libvirt, domain, 'graphics');
  const display = displays.find(({ attributes }) => type === undefined || attributes['type'] === type);
  if (display === undefined) throw new VerbFailure(codes.ticket, `The virtual machine has no ${type ?? 'graphical'} display`);
  if (!['keep', 'disconnect', 'fail'].includes(connected))
    throw new VerbFailure(codes.ticket, 'What happens to existing connections must be keep, disconnect or fail');
  if (seconds < 0 || seconds > 10 * 365 * 24 * 3_600)
    throw new VerbFailure(codes.ticket, 'A ticket is valid for 0 seconds or more, and ten years at most');
  const kind = display.attributes['type'] ?? '';
  const longest = most[kind] ?? 0;
  if (Buffer.byteLength(password) > longest)
    throw new VerbFailure(codes.ticket, `The password of a ${kind.toUpperCase()} display has at most ${longest} characters`);
  const passwdValidTo = new Date(now + 1_000 * seconds).toISOString().slice(0, 19);
  // Connections by VNC always stay: QEMU knows nothing else for them.
  const attributes = { ...display.attributes, passwd: password, passwdValidTo, ...(kind === 'vnc' ? {} : { connected }) };
  const changed = { ...display, attributes };
  await change(libvirt, domain, changed, codes.ticket);
}

/** Which drive an image is put into; without a target the first CD-ROM. */
export interface DriveRef {
  readonly name?: string;
}

const [trayTries, trayMs] = [5, 500];

/**
 * Puts an image into a CD-ROM drive, or takes it out (null).
 * @throws VerbFailure (41)
 */
export async function changeCd(libvirt: Libvirt, domain: Domain, { name }: DriveRef, path: string | null): Promise<void> {
  const drives = (await devicesOf(libvirt, domain, 'disk')).filter(({ attributes }) => attributes['device'] === 'cdrom');
  const drive = drives.find((one) => name === undefined || child(one, 'target')?.attributes['dev'] === name);
  if (drive === undefined)
    throw new VerbFailure(codes.changeDisk, `The virtual machine has no CD-ROM drive${name === undefined ? '' : ` ${name}`}`);
  const rest = drive.children.filter((one) => !['source', 'backingStore', 'driver'].includes(one.name));
  const source = path === null ? [] : [sourceOf(path)];
  const changed = {
    ...drive,
    attributes: { ...drive.attributes, type: 'file' },
    children: [element('driver', { name: 'qemu', type: 'raw' }), ...source, ...rest],
  };
  for (let tries = 1; ; tries++) {
    try {
      return await change(libvirt, domain, changed, codes.changeDisk);
    } catch (error) {
      // A guest that is just looking at the drive has closed the tray which was opened for the change.
      if (tries === trayTries || !(error instanceof VerbFailure && /\btray\b.*\bis not open/i.test(error.message))) throw error;
    }
    await sleep(trayMs);
  }
}

/** Changes whether a network card has a link, and its bridge. Throws VerbFailure (56). */
export async function updateNic(
  libvirt: Libvirt,
  domain: Domain,
  { mac, alias, linkUp, bridge }: { readonly mac?: string; readonly alias?: string; readonly linkUp?: boolean; readonly bridge?: string },
): Promise<void> {
  const nics = await devicesOf(libvirt, domain, 'interface');
  const nic = nics.find(
    (one) =>
      (alias !== undefined && child(one, 'alias')?.attributes['name'] === alias) ||
      (mac !== undefined && child(one, 'mac')?.attributes['address']?.toLowerCase() === mac.toLowerCase()),
  );
  if (nic === undefined) throw new VerbFailure(codes.updateDevice, 'The virtual machine has no such network card');
  const children = nic.children.flatMap((one) => {
    if (one.name === 'link' && linkUp !== undefined) return [];
    return one.name === 'source' && bridge !== undefined ? element('source', { bridge }) : one;
  });
  const link = linkUp === undefined ? [] : [element('link', { state: linkUp ? 'up' : 'down' })];
  await change(libvirt, domain, { ...nic, children: [...children, ...link] }, codes.updateDevice);
}

async function devicesOf(libvirt: Libvirt, domain: Domain, name: string): Promise<readonly Element[]> {
  return childrenOf(child(parseXml(await libvirt.xml(domain)), 'devices'), name);
}

async function change(libvirt: Libvirt, domain: Domain, device: Element, code: number): Promise<void> {
  try {
    await libvirt.updateDevice(domain, writeXml(device));
  } catch (error) {
    if (error instanceof LibvirtError) throw new VerbFailure(code, `libvirt: ${error.message}`);
    throw error;
  }
}
