import { setTimeout as sleep } from 'node:timers/promises';
import { AgentUnreachable } from '../agents/agent-failure.ts';
import { isRecovering } from '../agents/agent.ts';
import type { Agents } from '../agents/agents.ts';
import { objectOf, textOf } from '../agents/hostile.ts';
import { askingOf, type Command, CommandFailure, type Occasion } from '../commands/command.ts';
import { nameInUrls } from '../host-names.ts';
import { type AttachedDisk, volumeNames } from './disk-records.ts';
import { hostTickets, lifeSeconds, type ProxyTickets, type TicketState } from './image-tickets.ts';
import { bytesOf, isConverted, type Prepared, servedAt, ticketOf } from './prepared-image.ts';
import type { ImageHost, TransferRecord, TransferRecords } from './transfer-records.ts';

export interface ImageAccessParts {
  readonly agents: Agents;
  readonly transfers: TransferRecords;
  /** Null where there is no proxy. */
  readonly proxy: ProxyTickets | null;
  /** Where clients find the proxy, `NAME:PORT`; null where there is none. */
  readonly proxyAddress: () => Promise<string | null>;
  /** The port of the daemons of hosts. */
  readonly daemonPort: () => Promise<number>;
}

/** Lets clients at the image of a disk, through the daemon of a host, and keeps them away from it. */
export interface ImageAccess {
  /** Has a host show the image. Throws CommandFailure where no host does. */
  prepare(occasion: Occasion, disk: AttachedDisk, transfer: TransferRecord): Promise<Prepared>;
  /** The image where it was, or, if its host is not up any more, at another one. Throws CommandFailure where it has to be the same. */
  prepareAgain(occasion: Occasion, disk: AttachedDisk, transfer: TransferRecord, before: Prepared | null): Promise<Prepared>;
  /** Puts the tickets, or prolongs them. */
  open(occasion: Occasion, disk: AttachedDisk, transfer: TransferRecord, prepared: Prepared): Promise<void>;
  /** What the host says of the ticket. */
  look(occasion: Occasion, disk: AttachedDisk, transfer: TransferRecord, prepared: Prepared): Promise<TicketState>;
  /** Removes the tickets; from then on nobody is at the image. Throws where the host does not say so. */
  close(occasion: Occasion, transfer: TransferRecord, prepared: Prepared | null): Promise<void>;
  /** Returns when nobody writes any more at hosts that were left: one that is back removes the ticket, and of any other it has ended by itself. */
  closeLeft(occasion: Occasion, disk: AttachedDisk, transfer: TransferRecord): Promise<void>;
  /** Where clients find the image. */
  addresses(transfer: TransferRecord, prepared: Prepared): Promise<{ readonly daemonUri: string; readonly proxyUri: string | null }>;
}

/** A host that says nothing for so long is given up. */
export const patienceMs = 60_000;
/** One that is away is asked again so often. */
const againMs = 2_000;
/** What is added to the life of a ticket that nobody can remove: its last prolongation may have been under way. */
const marginMs = 10_000;

/** A host that a transfer has left with a ticket that may still be there: of an upload, clients may go on to write until it has ended. */
export interface Left {
  readonly host: ImageHost;
  /** Milliseconds since 1970: the next engine may have to wait for it. */
  readonly until: number;
}

export const leaving = (host: ImageHost): Left => ({ host, until: Date.now() + lifeSeconds * 1_000 + marginMs });

/** Hosts that a transfer has left, as its command keeps them. */
export const leftOf = ({ data }: Command): readonly Left[] => (data['left'] as readonly Left[] | undefined) ?? [];

export function createImageAccess({ agents, transfers, proxy, proxyAddress, daemonPort }: ImageAccessParts): ImageAccess {
  const daemonUri = async ({ host }: Prepared, { ticket }: TransferRecord): Promise<string> =>
    `https://${nameInUrls(host.address)}:${await daemonPort()}/images/${ticket}`;

  async function prepare(occasion: Occasion, disk: AttachedDisk, transfer: TransferRecord): Promise<Prepared> {
    const [host] = await transfers.hosts(disk.pool, disk.domain, transfer.host);
    if (host === undefined) throw new CommandFailure('No host is up that reaches the storage domain of the disk.');
    const agent = agents.of(host);
    const asking = askingOf(occasion);
    const prepared = objectOf(await agent.call('Image.prepare', { ...volumeNames(disk), allowIllegal: true }, asking));
    const path = textOf(prepared['path'], 4_000);
    if (path?.startsWith('/') !== true) throw new CommandFailure(`Host ${host.name} does not say where the image is.`);
    return { host, path, isServed: isConverted(disk, transfer), size: await bytesOf(agent, disk, transfer, asking) };
  }

  /** Has the host show what a guest sees of an image, if clients want that of one in another format. One that does so already goes on. */
  async function serve(occasion: Occasion, disk: AttachedDisk, transfer: TransferRecord, { host }: Prepared): Promise<string | null> {
    if (!isConverted(disk, transfer)) return null;
    const config = {
      ...{ sd_id: disk.domain, img_id: disk.id, vol_id: disk.image },
      ...{ readonly: !transfer.isUpload, discard: transfer.isUpload, detect_zeroes: transfer.isUpload, backing_chain: true },
    };
    return servedAt(await agents.of(host).call('NBD.start_server', { server_id: transfer.id, config }, askingOf(occasion)));
  }

  return {
    prepare,

    async prepareAgain(occasion, disk, transfer, before) {
      const hosts = await transfers.hosts(disk.pool, disk.domain, transfer.host);
      if (before !== null && hosts.some(({ id, address }) => id === before.host.id && address === before.host.address)) return before;
      // Tickets end by themselves, a server only when it is told to: it would write over what comes by another one.
      if (before?.isServed === true)
        throw new CommandFailure(`Host ${before.host.name} has the image open and has to be up. Otherwise cancel the transfer.`);
      return prepare(occasion, disk, transfer);
    },

    async open(occasion, disk, transfer, prepared) {
      const ticket = ticketOf(disk, transfer, prepared, await serve(occasion, disk, transfer, prepared));
      await hostTickets.put(agents.of(prepared.host), ticket, askingOf(occasion));
      await proxy?.put({ ...ticket, url: await daemonUri(prepared, transfer) });
    },

    async look(occasion, disk, transfer, prepared) {
      // A server that has died is started anew.
      await serve(occasion, disk, transfer, prepared);
      return hostTickets.state(agents.of(prepared.host), transfer.ticket, askingOf(occasion));
    },

    async close(occasion, transfer, prepared) {
      await proxy?.remove(transfer.ticket);
      if (prepared === null) return;
      const [agent, asking] = [agents.of(prepared.host), askingOf(occasion)];
      await patiently(occasion.signal, async () => {
        await hostTickets.remove(agent, transfer.ticket, asking);
        if (prepared.isServed) await agent.call('NBD.stop_server', { server_id: transfer.id }, asking);
      });
    },

    async closeLeft(occasion, disk, transfer) {
      const { command, signal } = occasion;
      for (const { host, until } of leftOf(command)) {
        for (; Date.now() < until; await sleep(againMs, undefined, { signal })) {
          const up = await transfers.hosts(disk.pool, disk.domain, host.id);
          if (!up.some(({ id, address }) => id === host.id && address === host.address)) continue;
          if (await hostTickets.remove(agents.of(host), transfer.ticket, askingOf(occasion)).then(() => true, ignore(signal))) break;
        }
      }
    },

    async addresses(transfer, prepared) {
      const address = proxy === null ? null : await proxyAddress();
      return {
        daemonUri: await daemonUri(prepared, transfer),
        proxyUri: address === null ? null : `https://${address}/images/${transfer.ticket}`,
      };
    },
  };
}

/** Does something at a host, which may be away for a while. */
export async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + patienceMs; ;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || performance.now() > until || !(error instanceof AgentUnreachable || isRecovering(error))) throw error;
    }
    await sleep(againMs, undefined, { signal });
  }
}

/** What fails does not matter, unless the turn is over. */
export const ignore =
  (signal: AbortSignal) =>
  (error: unknown): undefined => {
    if (signal.aborted) throw error;
    return undefined;
  };
