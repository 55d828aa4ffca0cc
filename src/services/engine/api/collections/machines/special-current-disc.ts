import type { MachineStatus } from '../../../machines/machine-status.ts';
import type { Occasion, Work } from '../collection.ts';
import { isBusy, isFree, machineOf, notInStatus } from './machine-subject.ts';

const playing: readonly MachineStatus[] = ['up', 'powering_up', 'paused', 'reboot_in_progress', 'powering_down'];

/** Changes what is in the drive of a machine that runs, for as long as it does. */
export async function changingCurrent(occasion: Occasion, machine: string, disc: string | null): Promise<Omit<Work, 'permit'>> {
  const subject = await machineOf(occasion, machine);
  if (!playing.includes(subject.status)) throw notInStatus(subject, 'change the disc of the running', playing);
  const event =
    disc === null
      ? { code: 528, name: 'USER_EJECT_VM_DISK', text: 'The disc of VM ${name} is ejected by ${user}.', failed: 102 }
      : { code: 38, name: 'USER_CHANGE_DISK_VM', text: 'The disc in the drive of VM ${name} is changed by ${user}.', failed: 102 };
  return {
    ...{ object: machine, machine, name: subject.name, event },
    statement: (values) => [
      ['changed', `select vm_guid from vm_dynamic where vm_guid = ${values.add(machine)} and ${isFree('vm_guid')}`],
      ['done', `select ${values.add(occasion.id)}::text as id, s.vm_name::text as name from changed join vm_static s using (vm_guid)`],
    ],
    begins: { type: 'ChangeCd', parameters: { machine, name: subject.name, content: disc ?? '' }, locks: [machine] },
    otherwise: isBusy(`virtual machine ${subject.name}`),
  };
}
