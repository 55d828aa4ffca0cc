import type { Database } from '../../frame/database.ts';
import { CommandFailure } from '../commands/command.ts';
import { machineStatuses } from '../machines/machine-status.ts';

/**
 * Looks once more whether a virtual machine is started or runs with a disk, at the beginning of a command that has locked it: who was started in the same
 * moment saw the disk as it was before, and from now on nobody does. Throws CommandFailure if one is.
 */
export async function needIdleDisk(database: Database, disk: string): Promise<void> {
  const [user] = await database.query<{ name: string }>(
    `select v.vm_name as name from disk_vm_element e join vm_dynamic y on y.vm_guid = e.vm_id join vm_static v on v.vm_guid = e.vm_id
     where e.disk_id = $1 and e.is_plugged and y.status <> ${machineStatuses.down} order by v.vm_name limit 1`,
    [disk],
  );
  if (user !== undefined) throw new CommandFailure(`Virtual machine ${user.name} was started in the same moment.`);
}
