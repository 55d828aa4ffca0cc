import type { Database } from '../../frame/database.ts';
import type { Command, CommandType } from '../commands/command.ts';
import { machineStatuses } from '../machines/machine-status.ts';
import type { Spm } from '../storage/spm.ts';
import { deleteImage } from './disk-commands.ts';
import { attached, findDisk } from './disk-records.ts';
import { diskStatuses } from './disk-status.ts';

interface Subject {
  readonly id: string;
  readonly name: string;
  readonly isTemplate: boolean;
  /** Ids of the disks that go with it. */
  readonly disks: readonly string[];
  /** Those of them whose images are gone. */
  readonly gone: readonly string[];
  /** Those of them that are not whole: they were not before, or their removal was begun. */
  readonly broken: readonly string[];
}

const listOf = (value: unknown): readonly string[] => (value as readonly string[] | undefined) ?? [];

const subjectOf = ({ parameters, data }: Command): Subject => ({
  id: String(parameters['machine']),
  name: String(parameters['name']),
  isTemplate: parameters['template'] === true,
  disks: listOf(parameters['disks']),
  gone: listOf(data['gone']),
  broken: [...listOf(parameters['illegal']), ...listOf(data['begun'])],
});

/** Disks that stay are as they were; those whose removal was begun are not whole. */
const unlocking = `update images set imagestatus = case when image_group_id = any($4::uuid[]) then ${diskStatuses.illegal} else ${diskStatuses.ok} end
  where image_group_id = any($2::uuid[]) and image_group_id <> all($1::uuid[]) and exists (select from gone)`;

/** Whether a disk is still one of a machine, and of no other: it may have been taken off it, or given to another one, while the removal was asked for. */
async function isItsAlone(database: Database, disk: string, machine: string): Promise<boolean> {
  const rows = await database.query<{ vm_id: string }>('select vm_id from disk_vm_element where disk_id = $1', [disk]);
  return rows.length === 1 && rows[0]?.vm_id === machine;
}

/** Removes a virtual machine, or a template, along with its disks. */
export const removeMachine = (spm: Spm): CommandType => ({
  stages: [
    {
      title: 'Removing the disks from the storage',
      async work(occasion) {
        const { disks, gone: before } = subjectOf(occasion.command);
        let gone = before;
        for (const id of disks.filter((one) => !before.includes(one))) {
          const disk = await findDisk(occasion.database, id);
          if (disk !== null) {
            if (!(await isItsAlone(occasion.database, id, subjectOf(occasion.command).id))) continue;
            const found = attached(disk);
            // Whoever is told that it failed does not know how much of it is left.
            await occasion.keep({ begun: [id] });
            await deleteImage(spm, occasion, found, `deletion of ${id}`);
          }
          gone = [...gone, id];
          await occasion.keep({ gone });
        }
        return undefined;
      },
    },
  ],
  succeeded(command) {
    const { id, name, isTemplate, disks, gone, broken } = subjectOf(command);
    return {
      told: isTemplate
        ? {
            code: 305,
            name: 'USER_REMOVE_VM_TEMPLATE_FINISHED',
            severity: 0,
            text: `Template ${name} was removed with its disks.`,
            template: id,
          }
        : { code: 113, name: 'USER_REMOVE_VM_FINISHED', severity: 0, text: `VM ${name} was removed with its disks.`, machine: id },
      change: {
        sql: 'delete from base_disks where disk_id = any($1::uuid[]) and exists (select from gone)',
        values: [gone, disks, id, broken],
        also: [unlocking, 'delete from vm_static where vm_guid = $3::uuid and exists (select from gone)'],
      },
    };
  },
  failed(command, why) {
    const { id, name, isTemplate, disks, gone, broken } = subjectOf(command);
    return {
      told: isTemplate
        ? { code: 306, name: 'USER_FAILED_REMOVE_VM_TEMPLATE', severity: 2, text: `Template ${name} was not removed: ${why}`, template: id }
        : { code: 59, name: 'USER_FAILED_REMOVE_VM', severity: 2, text: `VM ${name} was not removed: ${why}`, machine: id },
      change: {
        sql: 'delete from base_disks where disk_id = any($1::uuid[]) and exists (select from gone)',
        values: [gone, disks, id, broken],
        also: [
          unlocking,
          'update vm_static set template_status = 0 where vm_guid = $3::uuid and exists (select from gone)',
          `update vm_dynamic set status = ${machineStatuses.down}, status_since = now() where vm_guid = $3::uuid and exists (select from gone)`,
        ],
      },
    };
  },
});
