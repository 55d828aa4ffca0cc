import { setTimeout as sleep } from 'node:timers/promises';
import { byteCountOf, objectOf, textOf } from '../agents/hostile.ts';
import { askingOf, type Command, CommandFailure, type CommandType, type Occasion, type Stage } from '../commands/command.ts';
import type { Spm } from '../storage/spm.ts';
import { deleteImage, subjectOf } from './disk-commands.ts';
import { type AttachedDisk, needDisk, volumeNames } from './disk-records.ts';
import { createImageAccess, ignore, type ImageAccessParts, leaving, leftOf, patiently, patienceMs } from './image-access.ts';
import { isUnknownTicket } from './image-tickets.ts';
import { needIdleDisk } from './idle-disk.ts';
import type { Prepared } from './prepared-image.ts';
import { idOf, isUpload, transferEndings } from './transfer-endings.ts';
import type { TransferRecord } from './transfer-records.ts';

/** How often is looked what people want of a transfer, and how often what the daemon says, in milliseconds. */
const lookEveryMs = 500;
const askEveryMs = 2_000;
/** Tickets are prolonged so often. */
const prolongEveryMs = 60_000;

/**
 * A transfer of the content of a disk, by clients, through the daemon of a host. The command lasts as long as the transfer: what people want of that they
 * write into its row, as its phase, and this carries it out.
 */
export function transferCommand({ spm, ...parts }: ImageAccessParts & { readonly spm: Spm }): CommandType {
  const { agents, transfers } = parts;
  const access = createImageAccess(parts);

  async function transferOf(command: Command): Promise<TransferRecord> {
    const transfer = await transfers.find(idOf(command));
    if (transfer === null) throw new CommandFailure('Nothing is known of the transfer any more.');
    return transfer;
  }
  const preparedOf = ({ data }: Command): Prepared | null => (data['prepared'] as Prepared | null | undefined) ?? null;
  const setLegality = (occasion: Occasion, disk: AttachedDisk, legality: 'LEGAL' | 'ILLEGAL'): Promise<unknown> =>
    spm.ask(occasion, disk.pool, ({ agent }) => agent.call('Volume.setLegality', { ...volumeNames(disk), legality }, askingOf(occasion)));

  const preparing: Stage = {
    title: 'Preparing the image',
    async work(occasion) {
      const { command, database, signal, keep } = occasion;
      const [disk, transfer] = [await needDisk(database, subjectOf(command).id), await transferOf(command)];
      // No client has been let at it.
      await keep({ opened: false });
      await needIdleDisk(database, disk.id);
      // Nothing takes it for whole while it is written to.
      if (transfer.isUpload) await setLegality(occasion, disk, 'ILLEGAL');
      return { prepared: await patiently(signal, () => access.prepare(occasion, disk, transfer)) };
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
          if (put !== false) await access.close(occasion, transfer, prepared).then(() => (put = false), ignore(occasion.signal));
          continue;
        }
        try {
          if (phase === 'resuming' || prepared === null) {
            // The host may be another one by now.
            const again: Prepared = await access.prepareAgain(occasion, disk, transfer, prepared);
            if (again !== prepared) {
              if (prepared !== null && put !== false) left = [...left, leaving(prepared.host)];
              await occasion.keep({ prepared: again, left });
            }
            prepared = again;
          }
          if (phase !== 'transferring') {
            // From now on somebody may have written, whatever becomes of it.
            if (!isOpened) await occasion.keep({ opened: true });
            isOpened = true;
            put = null;
            await access.open(occasion, disk, transfer, prepared);
            put = true;
            asked = heard = prolonged = performance.now();
            await begin(transfer, prepared);
            continue;
          }
          if (put !== true || performance.now() - prolonged > prolongEveryMs) {
            await access.open(occasion, disk, transfer, prepared);
            put = true;
            prolonged = performance.now();
          }
          if (performance.now() - asked < askEveryMs) continue;
          asked = performance.now();
          const state = await access.look(occasion, disk, transfer, prepared);
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
      await access.close(occasion, transfer, preparedOf(command));
      if (transfer.isUpload) await access.closeLeft(occasion, await needDisk(database, subjectOf(command).id), transfer);
    },
  };

  async function begin(transfer: TransferRecord, prepared: Prepared): Promise<void> {
    await transfers.move(transfer.id, ['initializing', 'resuming'], 'transferring', {
      ...{ host: prepared.host.id, total: prepared.size },
      ...(await access.addresses(transfer, prepared)),
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
      await access.close(occasion, transfer, prepared);
      const agent = agents.of(prepared.host);
      const asking = askingOf(occasion);
      if (transfer.isUpload) {
        await access.closeLeft(occasion, disk, transfer);
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
