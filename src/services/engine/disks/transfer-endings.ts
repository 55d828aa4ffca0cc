import type { Command, CommandType, Ending } from '../commands/command.ts';
import { subjectOf, told } from './disk-commands.ts';
import { diskStatuses } from './disk-status.ts';
import { phaseNumber, type TransferPhase } from './transfer-phase.ts';

/* What remains of transfers. */

export const idOf = ({ parameters }: Command): string => String(parameters['transfer']);
export const isUpload = ({ parameters }: Command): boolean => parameters['upload'] === true;

const wordOf = (command: Command): string => (isUpload(command) ? 'upload' : 'download');

/**
 * The last phase of a transfer, and what becomes of its disk.
 * @param left the status of the disk; null where its image is gone, so that it goes as well
 */
const ended = (
  command: Command,
  phase: TransferPhase,
  left: keyof typeof diskStatuses | null,
  message: string | null,
): NonNullable<Ending['change']> => ({
  sql: `update image_transfers set phase = $2::smallint, active = false, last_updated = now(), message = coalesce($3::text, message)
    where transfer_id = $1 and exists (select from gone)`,
  values: [
    ...[idOf(command), phaseNumber(phase), message, subjectOf(command).id],
    ...[left === null ? null : diskStatuses[left], command.data['actual'] ?? null],
  ],
  also: [
    `update images set imagestatus = $5::smallint, actual_size = coalesce($6::bigint, actual_size), lastmodified = now()
     where image_group_id = $4::uuid and $5::smallint is not null and exists (select from gone)`,
    'delete from base_disks where disk_id = $4::uuid and $5::smallint is null and exists (select from gone)',
  ],
});

export const transferEndings: Pick<CommandType, 'succeeded' | 'failed'> = {
  succeeded: (command) => ({
    told: told(command, 1032, 'TRANSFER_IMAGE_SUCCEEDED', 0, `The ${wordOf(command)} of disk ${subjectOf(command).alias} has ended well.`),
    change: ended(command, 'finished_success', 'ok', null),
  }),
  failed(command, why) {
    const { outcome, gone, untouched } = command.data;
    const left = !isUpload(command) || untouched === true ? 'ok' : gone === true ? null : 'illegal';
    const { alias } = subjectOf(command);
    if (outcome === undefined)
      return {
        told: told(command, 1038, 'TRANSFER_IMAGE_FAILED', 2, `The ${wordOf(command)} of disk ${alias} has failed: ${why}`),
        change: ended(command, 'finished_failure', left, why),
      };
    return {
      told: told(command, 1033, 'TRANSFER_IMAGE_CANCELLED', 1, `The ${wordOf(command)} of disk ${alias} was cancelled: ${why}`),
      change: ended(command, outcome === 'cancelled_user' ? 'finished_cleanup' : 'finished_failure', left, why),
    };
  },
};
