import { setTimeout as sleep } from 'node:timers/promises';
import { AgentUnreachable } from '../agents/agent-failure.ts';
import { isRecovering } from '../agents/agent.ts';
import type { Agents } from '../agents/agents.ts';
import { byteCountOf, objectOf, textOf } from '../agents/hostile.ts';
import { type Command, CommandFailure, type CommandType, type Occasion, type Stage } from '../commands/command.ts';
import { nameInUrls } from '../host-names.ts';
import type { Spm } from '../storage/spm.ts';
import { deleteImage, subjectOf } from './disk-commands.ts';
import { needDisk, volumeNames } from './disk-records.ts';
import { hostTickets, isUnknownTicket, lifeSeconds, type ProxyTickets } from './image-tickets.ts';
import { bytesOf, type Disk, isConverted, type Prepared, servedAt, ticketOf } from './prepared-image.ts';
import { idOf, isUpload, transferEndings } from './transfer-endings.ts';
import type { ImageHost, TransferRecord, TransferRecords } from './transfer-records.ts';

export interface TransferParts {
  readonly spm: Spm;
  readonly agents: Agents;
  readonly transfers: TransferRecords;
  /** Null where there is no proxy. */
  readonly proxy: ProxyTickets | null;
  /** Where clients find the proxy, `NAME:PORT`; null where there is none. */
  readonly proxyAddress: () => Promise<string | null>;
  /** The port of the daemons of hosts. */
  readonly daemonPort: () => Promise<number>;
}

/** How often is looked what people want of a transfer, and how often what the daemon says, in milliseconds. */
const lookEveryMs = 500;
const askEveryMs = 2_000;
/** Tickets are prolonged so often. */
const prolongEveryMs = 60_000;
/** A host that says nothing for so long is given up: the transfer waits for somebody to resume it. */
const patienceMs = 60_000;

/** What is added to the life of a ticket that nobody can remove: its last prolongation may have been under way. */
const marginMs = 10_000;

/** A host that a transfer has left with a ticket that may still be there: of an upload, clients may go on to write until it has ended. */
interface Left {
  readonly host: ImageHost;
  /** Milliseconds since 1970: the next engine may have to wait for it. */
  readonly until: number;
}

/**
 * A transfer of the content of a disk, by clients, through the daemon of a host. The command lasts as long as the transfer: what people want of that they
 * write into its row, as its phase, and this carries it out.
 */
export function transferCommand(parts: TransferParts): CommandType {
  const { spm, agents, transfers } = parts;

  async function transferOf(command: Command): Promise<TransferRecord> {
    const transfer = await transfers.find(idOf(command));
    if (transfer === null) throw new CommandFailure('Nothing is known of the transfer any more.');
    return transfer;
  }
  const askingOf = ({ command, signal }: Occasion): { readonly flowId: string; readonly signal: AbortSignal } => ({
    flowId: command.correlationId,
    signal,
  });

  /** Has a host show the image. Throws CommandFailure where no host does. */
  async function prepare(occasion: Occasion, disk: Disk, transfer: TransferRecord): Promise<Prepared> {
    const [host] = await transfers.hosts(disk.pool, disk.domain, transfer.host);
    if (host === undefined) throw new CommandFailure('No host is up that reaches the storage domain of the disk.');
    const agent = agents.of(host);
    const asking = askingOf(occasion);
    const prepared = objectOf(await agent.call('Image.prepare', { ...volumeNames(disk), allowIllegal: true }, asking));
    const path = textOf(prepared['path'], 4_000);
    if (path?.startsWith('/') !== true) throw new CommandFailure(`Host ${host.name} does not say where the image is.`);
    return { host, path, isServed: isConverted(disk, transfer), size: await bytesOf(agent, disk, transfer, asking) };
  }

  const daemonUri = async ({ host }: Prepared, { ticket }: TransferRecord): Promise<string> =>
    `https://${nameInUrls(host.address)}:${await parts.daemonPort()}/images/${ticket}`;

  /** Has the host show what a guest sees of an image, if clients want that of one in another format. One that does so already goes on. */
  async function serve(occasion: Occasion, disk: Disk, transfer: TransferRecord, { host }: Prepared): Promise<string | null> {
    if (!isConverted(disk, transfer)) return null;
    const config = {
      ...{ sd_id: disk.domain, img_id: disk.id, vol_id: disk.image },
      ...{ readonly: !transfer.isUpload, discard: transfer.isUpload, detect_zeroes: transfer.isUpload, backing_chain: true },
    };
    return servedAt(await agents.of(host).call('NBD.start_server', { server_id: transfer.id, config }, askingOf(occasion)));
  }

  /** Puts the tickets, or prolongs them. */
  async function putTickets(occasion: Occasion, disk: Disk, transfer: TransferRecord, prepared: Prepared): Promise<void> {
    const ticket = ticketOf(disk, transfer, prepared, await serve(occasion, disk, transfer, prepared));
    await hostTickets.put(agents.of(prepared.host), ticket, askingOf(occasion));
    await parts.proxy?.put({ ...ticket, url: await daemonUri(prepared, transfer) });
  }

  /** Removes the tickets; from then on nobody is at the image. Throws where the host does not say so. */
  async function removeTickets(occasion: Occasion, transfer: TransferRecord, prepared: Prepared | null): Promise<void> {
    await parts.proxy?.remove(transfer.ticket);
    if (prepared === null) return;
    const [agent, asking] = [agents.of(prepared.host), askingOf(occasion)];
    await patiently(occasion.signal, async () => {
      await hostTickets.remove(agent, transfer.ticket, asking);
      if (prepared.isServed) await agent.call('NBD.stop_server', { server_id: transfer.id }, asking);
    });
  }

  /** Returns when nobody writes any more at hosts that were left: one that is back removes the ticket, and of any other it has ended by itself. */
  async function shutLeft(occasion: Occasion, disk: Disk, transfer: TransferRecord): Promise<void> {
    const { command, signal } = occasion;
    for (const { host, until } of leftOf(command)) {
      for (; Date.now() < until; await sleep(askEveryMs, undefined, { signal })) {
        const up = await transfers.hosts(disk.pool, disk.domain, host.id);
        if (!up.some(({ id, address }) => id === host.id && address === host.address)) continue;
        if (await hostTickets.remove(agents.of(host), transfer.ticket, askingOf(occasion)).then(() => true, ignore(signal))) break;
      }
    }
  }

  const setLegality = (occasion: Occasion, disk: Disk, legality: 'LEGAL' | 'ILLEGAL'): Promise<unknown> =>
    spm.ask(occasion, disk.pool, ({ agent }) => agent.call('Volume.setLegality', { ...volumeNames(disk), legality }, askingOf(occasion)));

  const preparedOf = ({ data }: Command): Prepared | null => (data['prepared'] as Prepared | null | undefined) ?? null;
  const leftOf = ({ data }: Command): readonly Left[] => (data['left'] as readonly Left[] | undefined) ?? [];

  const preparing: Stage = {
    title: 'Preparing the image',
    async work(occasion) {
      const { command, database, signal, keep } = occasion;
      const [disk, transfer] = [await needDisk(database, subjectOf(command).id), await transferOf(command)];
      // No client has been let at it.
      await keep({ opened: false });
      // Nothing takes it for whole while it is written to.
      if (transfer.isUpload) await setLegality(occasion, disk, 'ILLEGAL');
      return { prepared: await patiently(signal, () => prepare(occasion, disk, transfer)) };
    },
    async undo(occasion) {
      const { command, database, keep } = occasion;
      const { outcome, opened, gone } = command.data;
      if (!isUpload(command) || gone === true) return;
      if (outcome === 'cancelled_user') await transfers.move(idOf(command), ['cancelled_user'], 'finalizing_cleanup');
      else if (outcome !== undefined) await transfers.move(idOf(command), ['cancelled_system'], 'finalizing_failure');
      const disk = await needDisk(database, subjectOf(command).id);
      if (opened === false) {
        // Nobody can have written to it: it is what it was.
        await setLegality(occasion, disk, 'LEGAL');
        await keep({ untouched: true });
        return;
      }
      // Whoever may only change a disk does not remove it this way.
      if (outcome === undefined || command.parameters['mayRemove'] !== true) return;
      await deleteImage(spm, occasion, disk);
      await keep({ gone: true });
    },
  };

  const transferring: Stage = {
    title: 'Waiting for the client',
    async work(occasion) {
      const disk = await needDisk(occasion.database, subjectOf(occasion.command).id);
      let [prepared, left] = [preparedOf(occasion.command), leftOf(occasion.command)];
      // Whether the tickets are there: nothing is known of those that another engine has put, or that a host has not answered for.
      let put: boolean | null = null;
      let isOpened = occasion.command.data['opened'] !== false;
      let [asked, heard, prolonged] = [-Infinity, performance.now(), -Infinity];
      for (; ; await sleep(lookEveryMs, undefined, { signal: occasion.signal })) {
        const transfer = await transferOf(occasion.command);
        const { id, phase } = transfer;
        if (phase === 'finalizing_success') return { prepared };
        if (phase === 'cancelled_user' || phase === 'cancelled_system') {
          await occasion.keep({ outcome: phase, prepared });
          throw new CommandFailure(phase === 'cancelled_user' ? 'It was cancelled.' : 'Nobody has used it for too long.');
        }
        if (phase === 'paused_user' || phase === 'paused_system') {
          if (put !== false) await removeTickets(occasion, transfer, prepared).then(() => (put = false), ignore(occasion.signal));
          continue;
        }
        try {
          if (phase === 'resuming' || prepared === null) {
            // The host may be another one by now.
            const again: Prepared = await prepareAgain(occasion, disk, transfer, prepared);
            if (again !== prepared) {
              if (prepared !== null && put !== false)
                left = [...left, { host: prepared.host, until: Date.now() + lifeSeconds * 1_000 + marginMs }];
              await occasion.keep({ prepared: again, left });
            }
            prepared = again;
          }
          if (phase !== 'transferring') {
            // From now on somebody may have written, whatever becomes of it.
            if (!isOpened) await occasion.keep({ opened: true });
            isOpened = true;
            put = null;
            await putTickets(occasion, disk, transfer, prepared);
            put = true;
            asked = heard = prolonged = performance.now();
            await begin(transfer, prepared);
            continue;
          }
          if (put !== true || performance.now() - prolonged > prolongEveryMs) {
            await putTickets(occasion, disk, transfer, prepared);
            put = true;
            prolonged = performance.now();
          }
          if (performance.now() - asked < askEveryMs) continue;
          asked = performance.now();
          await serve(occasion, disk, transfer, prepared);
          const state = await hostTickets.state(agents.of(prepared.host), transfer.ticket, askingOf(occasion));
          heard = performance.now();
          await transfers.progress(id, state.sent, state.active);
          const idle = Math.min(state.active ? 0 : state.idleSeconds, transfer.idleSeconds);
          if (transfer.inactivitySeconds > 0 && idle > transfer.inactivitySeconds) await giveUp(occasion, transfer);
        } catch (error) {
          if (occasion.signal.aborted) throw error;
          if (isUnknownTicket(error)) put = false;
          else if (phase !== 'transferring' || performance.now() - heard > patienceMs) await pauseFor(occasion, transfer, error);
        }
      }
    },
    async undo(occasion) {
      const { command, database } = occasion;
      if (command.data['opened'] === false) return;
      const transfer = await transferOf(command);
      await removeTickets(occasion, transfer, preparedOf(command));
      if (transfer.isUpload) await shutLeft(occasion, await needDisk(database, subjectOf(command).id), transfer);
    },
  };

  /** The image where it was, or, if its host is not up any more, at another one. Throws CommandFailure where it has to be the same. */
  async function prepareAgain(occasion: Occasion, disk: Disk, transfer: TransferRecord, before: Prepared | null): Promise<Prepared> {
    const hosts = await transfers.hosts(disk.pool, disk.domain, transfer.host);
    if (before !== null && hosts.some(({ id, address }) => id === before.host.id && address === before.host.address)) return before;
    // Tickets end by themselves, a server only when it is told to: it would write over what comes by another one.
    if (before?.isServed === true)
      throw new CommandFailure(`Host ${before.host.name} has the image open and has to be up. Otherwise cancel the transfer.`);
    return prepare(occasion, disk, transfer);
  }

  async function begin(transfer: TransferRecord, prepared: Prepared): Promise<void> {
    const address = parts.proxy === null ? null : await parts.proxyAddress();
    await transfers.move(transfer.id, ['initializing', 'resuming'], 'transferring', {
      host: prepared.host.id,
      daemonUri: await daemonUri(prepared, transfer),
      proxyUri: address === null ? null : `https://${address}/images/${transfer.ticket}`,
      total: prepared.size,
    });
  }

  async function giveUp(occasion: Occasion, { id, policy, isUpload: upload, inactivitySeconds }: TransferRecord): Promise<void> {
    const pauses = policy === 'pause' || (policy === 'legacy' && upload);
    const message = `Nobody has used it for ${inactivitySeconds} seconds.`;
    const moved = await transfers.move(id, ['transferring'], pauses ? 'paused_system' : 'cancelled_system', { message });
    if (!moved || !pauses) return;
    await occasion.tell({
      ...{ code: 1034, name: 'TRANSFER_IMAGE_PAUSED_BY_SYSTEM_TIMEOUT', severity: 1 },
      ...subjectOf(occasion.command).about,
      text: `The transfer of disk ${subjectOf(occasion.command).alias} waits to be resumed: nobody has used it for ${inactivitySeconds} seconds.`,
    });
  }

  async function pauseFor(occasion: Occasion, { id }: TransferRecord, error: unknown): Promise<void> {
    const why = textOf(error instanceof Error ? error.message : String(error), 500) ?? '';
    if (!(await transfers.move(id, ['initializing', 'transferring', 'resuming'], 'paused_system', { message: why }))) return;
    await occasion.tell({
      ...{ code: 1035, name: 'TRANSFER_IMAGE_PAUSED_BY_SYSTEM_MISSING_HOST', severity: 2 },
      ...subjectOf(occasion.command).about,
      text: `The transfer of disk ${subjectOf(occasion.command).alias} waits to be resumed: ${why}`,
    });
  }

  const finishing: Stage = {
    title: 'Checking the image',
    async work(occasion) {
      const { command, database, signal } = occasion;
      const [disk, transfer, prepared] = [await needDisk(database, subjectOf(command).id), await transferOf(command), preparedOf(command)];
      if (prepared === null) throw new CommandFailure('No host has had the image.');
      await removeTickets(occasion, transfer, prepared);
      const agent = agents.of(prepared.host);
      const asking = askingOf(occasion);
      if (transfer.isUpload) {
        await shutLeft(occasion, disk, transfer);
        await patiently(signal, () => agent.call('Volume.verify_untrusted', volumeNames(disk), asking));
        await setLegality(occasion, disk, 'LEGAL');
      }
      // That it is ready for use does not hang on what is only told, nor on a host that tidies up.
      const info = objectOf(await agent.call('Volume.getInfo', volumeNames(disk), asking).catch(ignore(signal)));
      await agent.call('Image.teardown', volumeNames(disk), asking).catch(ignore(signal));
      return { actual: byteCountOf(info['truesize']) };
    },
  };

  return {
    stages: [preparing, transferring, finishing],
    ...transferEndings,
  };
}

/** Does something at a host, which may be away for a while. */
async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + patienceMs; ;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || performance.now() > until || !(error instanceof AgentUnreachable || isRecovering(error))) throw error;
    }
    await sleep(askEveryMs, undefined, { signal });
  }
}

/** What fails does not matter, unless the turn is over. */
const ignore =
  (signal: AbortSignal) =>
  (error: unknown): undefined => {
    if (signal.aborted) throw error;
    return undefined;
  };
