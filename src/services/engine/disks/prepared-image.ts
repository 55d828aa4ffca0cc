import { pathToFileURL } from 'node:url';
import type { Agent } from '../agents/agent.ts';
import { numberOf, objectOf, textOf } from '../agents/hostile.ts';
import { CommandFailure } from '../commands/command.ts';
import { type DiskRecord, volumeNames } from './disk-records.ts';
import type { ImageTicket } from './image-tickets.ts';
import type { ImageHost, TransferRecord } from './transfer-records.ts';

export type Disk = DiskRecord & { readonly pool: string };

/** An image where a host has it. */
export interface Prepared {
  readonly host: ImageHost;
  readonly path: string;
  /** Bytes that clients may reach. */
  readonly size: number;
}

/** Bytes that clients may reach: of a raw image what a guest sees, of a qcow2 image its file, which may grow while it is sent. */
export async function bytesOf(
  agent: Agent,
  disk: Disk,
  transfer: TransferRecord,
  asking: { readonly flowId: string; readonly signal: AbortSignal },
): Promise<number> {
  if (!disk.isCow) return disk.size;
  // Tables, and what rounding takes.
  if (transfer.isUpload) return Math.ceil((disk.size * 1.1) / 65_536) * 65_536 + 16 * 2 ** 20;
  const size = numberOf(objectOf(await agent.call('Volume.getInfo', volumeNames(disk), asking))['apparentsize']);
  if (size === null) throw new CommandFailure('The host does not say how large the image is.');
  return size;
}

/** Under which name browsers save it. */
const fileNameOf = ({ alias, isIso, isCow }: DiskRecord): string => {
  const name = (textOf(alias, 200) ?? 'disk').replace(/["\\/]/g, '_');
  return isIso && /\.iso$/i.test(name) ? name : `${name}.${isIso ? 'iso' : isCow ? 'qcow2' : 'raw'}`;
};

/** The ticket for an image at the daemon of its host. */
export function ticketOf(disk: Disk, transfer: TransferRecord, { path, size }: Prepared): ImageTicket {
  return {
    uuid: transfer.ticket,
    size,
    url: pathToFileURL(path).href,
    ops: transfer.isUpload ? ['write'] : ['read'],
    ...(transfer.isUpload ? {} : { filename: fileNameOf(disk) }),
    transfer_id: transfer.id,
    sparse: disk.isSparse,
    ...(transfer.inactivitySeconds > 0 ? { inactivity_timeout: transfer.inactivitySeconds } : {}),
  };
}
