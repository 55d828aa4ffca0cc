import { pathToFileURL } from 'node:url';
import type { Agent } from '../agents/agent.ts';
import { byteCountOf, objectOf, textOf } from '../agents/hostile.ts';
import { type Asking, CommandFailure } from '../commands/command.ts';
import { type AttachedDisk, type DiskRecord, volumeNames } from './disk-records.ts';
import type { ImageTicket } from './image-tickets.ts';
import type { ImageHost, TransferRecord } from './transfer-records.ts';

/** An image where a host has it. */
export interface Prepared {
  readonly host: ImageHost;
  readonly path: string;
  /** Whether the host shows it by a server. */
  readonly isServed: boolean;
  /** Bytes that clients may reach. */
  readonly size: number;
}

/** Whether clients see what a guest sees of a disk that is kept in another format: a server of the host stands between. */
export const isConverted = (disk: AttachedDisk, transfer: TransferRecord): boolean => disk.isCow && !transfer.isCow;

/** Bytes that clients may reach: of a raw image what a guest sees, of a qcow2 image its file, which may grow while it is sent. */
export async function bytesOf(agent: Agent, disk: AttachedDisk, transfer: TransferRecord, asking: Asking): Promise<number> {
  if (!transfer.isCow) return disk.size;
  // Tables, and what rounding takes.
  if (transfer.isUpload) return Math.ceil((disk.size * 1.1) / 65_536) * 65_536 + 16 * 2 ** 20;
  const size = byteCountOf(objectOf(await agent.call('Volume.getInfo', volumeNames(disk), asking))['apparentsize']);
  if (size === null) throw new CommandFailure('The host does not say how large the image is.');
  return size;
}

/** Under which name browsers save it. */
const fileNameOf = ({ alias, isIso }: DiskRecord, { isCow }: TransferRecord): string => {
  const name = (textOf(alias, 200) ?? 'disk').replace(/["\\/]/g, '_');
  return isIso && /\.iso$/i.test(name) ? name : `${name}.${isIso ? 'iso' : isCow ? 'qcow2' : 'raw'}`;
};

/** What a server shows of an image is at this address. Throws CommandFailure where the host does not say so. */
export function servedAt(answer: unknown): string {
  const url = textOf(answer, 1_000);
  if (url?.startsWith('nbd:unix:/') === true) return url;
  throw new CommandFailure('The host does not say where it shows the image.');
}

/**
 * The ticket for an image at the daemon of its host.
 * @param url where it is shown; null for the file itself
 */
export function ticketOf(disk: AttachedDisk, transfer: TransferRecord, { path, size }: Prepared, url: string | null): ImageTicket {
  return {
    uuid: transfer.ticket,
    size,
    url: url ?? pathToFileURL(path).href,
    ops: transfer.isUpload ? ['write'] : ['read'],
    ...(transfer.isUpload ? {} : { filename: fileNameOf(disk, transfer) }),
    transfer_id: transfer.id,
    sparse: disk.isSparse,
    ...(transfer.inactivitySeconds > 0 ? { inactivity_timeout: transfer.inactivitySeconds } : {}),
  };
}
