import type { Database } from '../../frame/database.ts';
import { CommandFailure } from '../commands/command.ts';
import { machineStatuses } from '../machines/machine-status.ts';

/**
 * Looks once more whether a virtual machine is started or runs with a disk, or has it in its drive, at the beginning of a command that has locked it: who was started in the same
 * moment saw the disk as it was before, and from now on nobody does. Throws CommandFailure if one is.
 */
export async function needIdleDisk(database: Database, disk: string): Promise<void> {
  const [user] = await database.query<{ name: string }>(
    `select v.vm_name as name from vm_dynamic y join vm_static v using (vm_guid) where y.status <> ${machineStatuses.down}
     and (y.current_cd = ($1::uuid)::text or exists (select from disk_vm_element e where e.vm_id = y.vm_guid and e.disk_id = $1 and e.is_plugged))
     order by v.vm_name limit 1`,
    [disk],
  );
  if (user !== undefined) throw new CommandFailure(`Virtual machine ${user.name} was started in the same moment.`);
}
