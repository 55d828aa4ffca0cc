import { type Command, CommandFailure, type CommandType, type Ending, type Occasion, type Told } from '../commands/command.ts';
import { machineStatuses } from '../machines/machine-status.ts';
import type { Spm } from '../storage/spm.ts';
import { deleteImage, isWhole, volumeDescription } from './disk-commands.ts';
import { attached, findDisk, needDisk, volumeNames } from './disk-records.ts';
import { diskStatuses } from './disk-status.ts';
import { volumeFormats, volumeTypes } from './disk-words.ts';

interface Copy {
  readonly from: string;
  readonly to: string;
}

/** A virtual machine or a template that gets copies of the disks of another one. */
interface Subject {
  readonly id: string;
  readonly name: string;
  readonly isTemplate: boolean;
  readonly copies: readonly Copy[];
}

const subjectOf = ({ parameters }: Command): Subject => ({
  id: String(parameters['owner']),
  name: String(parameters['name']),
  isTemplate: parameters['template'] === true,
  copies: parameters['copies'] as readonly Copy[],
});

/** What agents call the roles of volumes: one that others may stand on, and one that is written to. */
const volumeRoles = { shared: 6, leaf: 8 } as const;

const idsOf = ({ copies }: Subject): readonly string[] => copies.map(({ to }) => to);

/** Fills the disks of a new template or a new virtual machine. */
export function copyDisks(spm: Spm): CommandType {
  async function copy(occasion: Occasion, { from, to }: Copy, isTemplate: boolean): Promise<void> {
    const { database } = occasion;
    const [source, target] = [await needDisk(database, from), await needDisk(database, to)];
    if (source.pool !== target.pool) throw new CommandFailure(`Disk ${source.alias} is in another data center by now.`);
    await spm.run(occasion, {
      pool: source.pool,
      key: `copy to ${to}`,
      verb: 'Volume.copy',
      params: {
        ...volumeNames(source),
        ...{ dstSdUUID: target.domain, dstImgUUID: target.id, dstVolUUID: target.image, desc: volumeDescription(target) },
        volType: isTemplate ? volumeRoles.shared : volumeRoles.leaf,
        volFormat: target.isCow ? volumeFormats.cow : volumeFormats.raw,
        preallocate: target.isSparse ? volumeTypes.sparse : volumeTypes.preallocated,
        ...{ postZero: false, force: false, discard: false },
      },
      isDone: ({ agent }) => isWhole(agent, target, occasion),
    });
  }

  return {
    stages: [
      {
        title: 'Copying the disks on the storage',
        async work(occasion) {
          const { isTemplate, copies } = subjectOf(occasion.command);
          const first = await needDisk(occasion.database, copies[0]?.to ?? '');
          // Where there is nobody to make them, there will be nothing to take back.
          await spm.find(first.pool);
          await occasion.keep({ asked: true });
          for (const one of copies) await copy(occasion, one, isTemplate);
          return undefined;
        },
        async undo(occasion) {
          if (occasion.command.data['asked'] !== true) return;
          for (const id of idsOf(subjectOf(occasion.command))) {
            const disk = await findDisk(occasion.database, id);
            if (disk !== null) await deleteImage(spm, occasion, attached(disk), `deletion of ${id}`);
          }
          await occasion.keep({ asked: false });
        },
      },
    ],
    succeeded(command) {
      const subject = subjectOf(command);
      const { id, name, isTemplate } = subject;
      return {
        told: isTemplate
          ? told(51, 'USER_ADD_VM_TEMPLATE_FINISHED_SUCCESS', 0, `Template ${name} was added with its disks.`, { template: id })
          : told(53, 'USER_ADD_VM_FINISHED_SUCCESS', 0, `VM ${name} was created with its disks.`, { machine: id }),
        change: released(subject, 'ok'),
      };
    },
    failed(command, why) {
      const subject = subjectOf(command);
      const { id, name, isTemplate } = subject;
      return {
        told: isTemplate
          ? told(52, 'USER_ADD_VM_TEMPLATE_FINISHED_FAILURE', 2, `Template ${name} was not added: ${why}`, { template: id })
          : told(60, 'USER_ADD_VM_FINISHED_FAILURE', 2, `VM ${name} was not created: ${why}`, { machine: id }),
        change: command.data['asked'] === true ? released(subject, 'illegal') : removed(subject),
      };
    },
  };
}

const told = (
  code: number,
  name: string,
  severity: 0 | 2,
  text: string,
  about: { readonly template?: string; readonly machine?: string },
): Told => ({ code, name, severity, text, ...about });

/** It can be used, or, where copies may still lie on the storage, at least be removed. */
const released = (subject: Subject, status: keyof typeof diskStatuses): NonNullable<Ending['change']> => ({
  sql: 'update images set imagestatus = $2::smallint, lastmodified = now() where image_group_id = any($1::uuid[]) and exists (select from gone)',
  values: [idsOf(subject), diskStatuses[status], subject.id],
  also: [
    'update vm_static set template_status = 0 where vm_guid = $3::uuid and exists (select from gone)',
    `update vm_dynamic set status = ${machineStatuses.down}, status_since = now() where vm_guid = $3::uuid and exists (select from gone)`,
  ],
});

const removed = (subject: Subject): NonNullable<Ending['change']> => ({
  sql: 'delete from base_disks where disk_id = any($1::uuid[]) and exists (select from gone)',
  values: [idsOf(subject), subject.id],
  also: ['delete from vm_static where vm_guid = $2::uuid and exists (select from gone)'],
});
