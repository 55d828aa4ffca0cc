import { incomplete, rejected } from '../../fault.ts';
import type { Entity } from '../../types.ts';
import type { Occasion, Special, Work } from '../collection.ts';
import { permits } from '../permits.ts';
import { isBusy, isFree, machineOf } from './machine-subject.ts';
import { changingCurrent } from './special-current-disc.ts';

/* What is in the CD drives of virtual machines. */

/**
 * The disc that a client wants in the drive: the name of a file of the ISO domain, or the id of a disk with such content; null for none.
 * Throws faults (400) for what can be neither.
 */
export function discOf(entity: Entity): string | null {
  const file = (entity['file'] ?? {}) as Entity;
  const name = file.id ?? (typeof file['name'] === 'string' ? file['name'] : null);
  if (name === null) throw incomplete('cdrom', ['file.id'], 'update');
  if (name === '') return null;
  if (name.length > 255 || !/^[^/\p{Cc}]+$/u.test(name) || name.startsWith('.'))
    throw rejected('A disc is named by its file in the ISO domain, or by the id of its disk.');
  return name;
}

async function changing(occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { entity, place, asks, id } = occasion;
  const machine = place.parent ?? '';
  const subject = await machineOf(occasion, machine);
  const disc = discOf(entity);
  if (asks('current')) return changingCurrent(occasion, machine, disc);
  return {
    ...{ object: machine, machine, name: subject.name },
    event: { code: 35, name: 'USER_UPDATE_VM', text: 'The disc of VM ${name} was changed by ${user}.', failed: 58 },
    statement: (values) => [
      [
        'changed',
        `update vm_device set content = ${values.add(disc)}, _update_date = now() where vm_id = ${values.add(machine)} and type = 'disk'
         and device = 'cdrom' and ${isFree('vm_id')} returning vm_id`,
      ],
      ['done', `select ${values.add(id)}::text as id, vm_name::text as name from vm_static where vm_guid in (select vm_id from changed)`],
    ],
    otherwise: isBusy(`virtual machine ${subject.name}`),
  };
}

export const cdromSpecial: Special = {
  // A drive is there already, and stays: what is in it changes.
  update: { permit: permits.change_vm_cd, work: changing },
};
