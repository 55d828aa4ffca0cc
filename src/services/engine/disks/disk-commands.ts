import { AgentFailure } from '../agents/agent-failure.ts';
import type { Agent } from '../agents/agent.ts';
import { byteCountOf, objectOf, type Unknown } from '../agents/hostile.ts';
import { askingOf, type Command, type CommandType, type Ending, type Occasion, type Stage, type Told } from '../commands/command.ts';
import type { Subjects } from '../commands/event-sql.ts';
import { needIdleDisk } from './idle-disk.ts';
import type { Spm } from '../storage/spm.ts';
import { zeroId } from '../zero-id.ts';
import { type AttachedDisk, type DiskRecord, needDisk, volumeNames } from './disk-records.ts';
import { diskStatuses } from './disk-status.ts';
import { volumeFormats, volumeTypes } from './disk-words.ts';

/** What a command about a disk is begun with. */
interface Subject {
  readonly id: string;
  readonly alias: string;
  /** The virtual machine that it is for; null where it is for none. */
  readonly machine: { readonly id: string; readonly name: string } | null;
  /** What events are about. */
  readonly about: Subjects;
}

export function subjectOf({ parameters }: Command): Subject {
  const machine = (parameters['machine'] as Subject['machine'] | undefined) ?? null;
  const { domain } = parameters;
  return {
    id: String(parameters['disk']),
    alias: String(parameters['alias']),
    machine,
    about: {
      ...(machine === null ? {} : { machine: machine.id }),
      ...(typeof domain === 'string' ? { storageDomain: domain } : {}),
    },
  };
}

/** Codes of agents: the image, or the volume of it, is not there. */
const missing: readonly number[] = [201, 268];
export const isMissing = (error: unknown): boolean => error instanceof AgentFailure && missing.includes(error.code);

/** Bytes of a description that storage takes; the alias of a disk stands in it, so that it can be told apart without an engine. */
const mostDescription = 210;

/** `{"DiskAlias": .., "DiskDescription": ..}`, cut so that it fits. */
export function volumeDescription({ alias, description }: Pick<DiskRecord, 'alias' | 'description'>): string {
  const [names, texts] = [[...alias], [...description]];
  for (;;) {
    const text = JSON.stringify({ DiskAlias: names.join(''), DiskDescription: texts.join('') });
    if (Buffer.byteLength(text) <= mostDescription) return text;
    (texts.length > 0 ? texts : names).pop();
  }
}

/** The status of a disk, along with the end of a command. */
const settled = (command: Command, status: keyof typeof diskStatuses): NonNullable<Ending['change']> => ({
  sql: `update images set imagestatus = $2, actual_size = coalesce($3::bigint, actual_size), size = coalesce($4::bigint, size), lastmodified = now()
    where image_group_id = $1 and exists (select from gone)`,
  values: [subjectOf(command).id, diskStatuses[status], command.data['actual'] ?? null, command.data['size'] ?? null],
});

/** The disk goes, along with the end of a command. */
const removed = (command: Command): NonNullable<Ending['change']> => ({
  sql: 'delete from base_disks where disk_id = $1 and exists (select from gone)',
  values: [subjectOf(command).id],
  // No CD drive holds what is not there.
  also: [
    "update vm_device set content = null where type = 'disk' and device = 'cdrom' and content = ($1::uuid)::text and exists (select from gone)",
  ],
});

/** An event of a command about a disk. */
export const told = (command: Command, code: number, name: string, severity: Told['severity'], text: string): Told => ({
  ...{ code, name, severity, text },
  ...subjectOf(command).about,
});

/** What a host says of the volume of a disk. Throws AgentFailure where there is none. */
const infoOf = async (agent: Agent, disk: DiskRecord, occasion: Pick<Occasion, 'command' | 'signal'>): Promise<Unknown> =>
  objectOf(await agent.call('Volume.getInfo', volumeNames(disk), askingOf(occasion)));

/** Bytes that a volume takes on its storage; null where the host does not say. */
const actualSize = async (...which: Parameters<typeof infoOf>): Promise<number | null> => byteCountOf((await infoOf(...which))['truesize']);

/** Whether the volume of a disk has been made to its end. Throws AgentFailure where there is none. */
export async function isWhole(...which: Parameters<typeof infoOf>): Promise<boolean> {
  const { legality, status } = await infoOf(...which);
  return legality === 'LEGAL' && status === 'OK';
}

/**
 * Removes the image of a disk from its storage, and does not mind where that was done already.
 * @param key under which the name of the task is kept
 */
export const deleteImage = async (spm: Spm, occasion: Occasion, disk: AttachedDisk, key = 'deletion'): Promise<void> =>
  spm.run(occasion, {
    pool: disk.pool,
    key,
    verb: 'Image.delete',
    params: { ...volumeNames(disk), postZero: disk.wipe, force: false, discard: false },
    isDone: async ({ agent }) => {
      try {
        await agent.call('Image.getVolumes', volumeNames(disk), askingOf(occasion));
        return false;
      } catch (error) {
        if (isMissing(error)) return true;
        throw error;
      }
    },
  });

/** Commands that make, remove and enlarge disks on storage domains. */
export function diskCommands({ spm }: { readonly spm: Spm }): Readonly<Record<'AddDisk' | 'RemoveDisk' | 'ExtendDisk', CommandType>> {
  const creating: Stage = {
    title: 'Making the volume on the storage',
    async work(occasion) {
      const { command, database, keep } = occasion;
      const disk = await needDisk(database, subjectOf(command).id);
      // Where there is nobody to make it, there will be nothing to take back.
      await spm.find(disk.pool);
      await keep({ asked: true });
      await spm.run(occasion, {
        pool: disk.pool,
        key: 'creation',
        verb: 'Volume.create',
        params: {
          ...volumeNames(disk),
          size: String(disk.size),
          volFormat: disk.isCow ? volumeFormats.cow : volumeFormats.raw,
          preallocate: disk.isSparse ? volumeTypes.sparse : volumeTypes.preallocated,
          diskType: disk.isIso ? 'ISOF' : 'DATA',
          desc: volumeDescription(disk),
          // It stands on no other one.
          ...{ srcImgUUID: zeroId, srcVolUUID: zeroId },
          legal: true,
        },
        isDone: ({ agent }) => isWhole(agent, disk, occasion),
      });
      return { actual: await spm.ask(occasion, disk.pool, ({ agent }) => actualSize(agent, disk, occasion)) };
    },
    async undo(occasion) {
      const { command, database, keep } = occasion;
      if (command.data['asked'] !== true) return;
      await deleteImage(spm, occasion, await needDisk(database, subjectOf(command).id));
      await keep({ asked: false });
    },
  };

  const looking: Stage = {
    title: 'Looking whether a virtual machine needs the disk',
    async work({ command, database }) {
      await needIdleDisk(database, subjectOf(command).id);
      return { idle: true };
    },
  };

  const deleting: Stage = {
    title: 'Removing the image from the storage',
    async work(occasion) {
      await deleteImage(spm, occasion, await needDisk(occasion.database, subjectOf(occasion.command).id));
      return undefined;
    },
  };

  const extending: Stage = {
    title: 'Enlarging the volume on the storage',
    async work(occasion) {
      const { command, database } = occasion;
      const disk = await needDisk(database, subjectOf(command).id);
      const size = Number(command.parameters['size']);
      await spm.run(occasion, {
        pool: disk.pool,
        key: 'extension',
        verb: 'Volume.extendSize',
        params: { ...volumeNames(disk), newSize: String(size) },
        isDone: async ({ agent }) => (byteCountOf((await infoOf(agent, disk, occasion))['capacity']) ?? 0) >= size,
      });
      return { size, actual: await spm.ask(occasion, disk.pool, ({ agent }) => actualSize(agent, disk, occasion)) };
    },
  };

  return {
    AddDisk: {
      stages: [creating],
      succeeded(command) {
        const { alias, machine } = subjectOf(command);
        return {
          told:
            machine === null
              ? told(command, 2021, 'USER_ADD_DISK_FINISHED_SUCCESS', 0, `The disk ${alias} was added.`)
              : told(
                  command,
                  97,
                  'USER_ADD_DISK_TO_VM_FINISHED_SUCCESS',
                  0,
                  `The disk ${alias} was added to virtual machine ${machine.name}.`,
                ),
          change: settled(command, 'ok'),
        };
      },
      failed(command, why) {
        const { alias, machine } = subjectOf(command);
        return {
          told:
            machine === null
              ? told(command, 2022, 'USER_ADD_DISK_FINISHED_FAILURE', 2, `The disk ${alias} was not added: ${why}`)
              : told(
                  command,
                  98,
                  'USER_ADD_DISK_TO_VM_FINISHED_FAILURE',
                  2,
                  `The disk ${alias} was not added to virtual machine ${machine.name}: ${why}`,
                ),
          // What may still lie on the storage must not be forgotten.
          change: command.data['asked'] === true ? settled(command, 'illegal') : removed(command),
        };
      },
    },
    RemoveDisk: {
      stages: [looking, deleting],
      succeeded: (command) => ({
        told: told(command, 2014, 'USER_FINISHED_REMOVE_DISK', 0, `The disk ${subjectOf(command).alias} was removed.`),
        change: removed(command),
      }),
      failed: (command, why) => ({
        told: told(command, 2015, 'USER_FINISHED_FAILED_REMOVE_DISK', 2, `The disk ${subjectOf(command).alias} was not removed: ${why}`),
        // Until it is known that nobody needs it, nothing is done to it.
        change: settled(command, command.data['idle'] === true || command.parameters['was'] !== 'ok' ? 'illegal' : 'ok'),
      }),
    },
    ExtendDisk: {
      stages: [looking, extending],
      succeeded: (command) => ({
        told: told(command, 371, 'USER_EXTEND_DISK_SIZE_SUCCESS', 0, `The disk ${subjectOf(command).alias} was enlarged.`),
        change: settled(command, 'ok'),
      }),
      failed: (command, why) => ({
        told: told(command, 372, 'USER_EXTEND_DISK_SIZE_FAILURE', 2, `The disk ${subjectOf(command).alias} was not enlarged: ${why}`),
        change: settled(command, 'ok'),
      }),
    },
  };
}
