import { consoleId } from '../../../consoles/display.ts';
import { Refusal } from '../../../http/refusal.ts';
import { incomplete, invalidValue } from '../../fault.ts';
import { type Occasion, type Special, textOf, type Work } from '../collection.ts';
import { permits, systemObject } from '../permits.ts';
import { isBusy, isFree } from './machine-subject.ts';
import { displayCards, type DisplayWord } from './machine-words.ts';
import { rowOf } from './special-vms.ts';

/* Displays as they are added and removed. A machine has one of each protocol at most; what runs has them from its next start. */

async function ownerOf(rel: string, { database, place }: Occasion): Promise<Omit<Work, 'permit' | 'event' | 'statement'>> {
  const id = place.parent ?? '';
  const name = String((await rowOf(database, id))['vm_name']);
  const about = rel === 'vms' ? { object: id, machine: id } : rel === 'templates' ? { object: id, template: id } : { object: systemObject };
  return { ...about, name, otherwise: isBusy(name) };
}

const eventOf = (rel: string, protocol: string, done: string): Work['event'] => ({
  ...(rel === 'vms' ? { code: 35, name: 'USER_UPDATE_VM', failed: 58 } : { code: 302, name: 'USER_UPDATE_VM_TEMPLATE' }),
  text: `The ${protocol.toUpperCase()} console of \${name} was ${done} by \${user}.`,
});

function protocolOf({ entity }: Occasion): DisplayWord {
  const word = textOf(entity, 'protocol').toLowerCase();
  if (word === '') throw incomplete('graphics_console', ['protocol'], 'add');
  if (!Object.hasOwn(displayCards, word)) throw invalidValue('protocol', Object.keys(displayCards));
  return word as DisplayWord;
}

async function adding(rel: string, occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { database, place } = occasion;
  const protocol = protocolOf(occasion);
  const [there] = await database.query('select from vm_device where vm_id = $1 and type = $2 and device = $3', [
    place.parent,
    'graphics',
    protocol,
  ]);
  if (there !== undefined) throw new Refusal(409, `There is a ${protocol} console already.`);
  return {
    ...(await ownerOf(rel, occasion)),
    event: eventOf(rel, protocol, 'added'),
    statement: (values) => [
      [
        'added',
        `insert into vm_device (device_id, vm_id, type, device)
         select gen_random_uuid(), s.vm_guid, 'graphics', ${values.add(protocol)} from vm_static s
         where s.vm_guid = ${values.add(place.parent)} and ${isFree('s.vm_guid')} returning vm_id`,
      ],
      // The card of SPICE serves VNC as well.
      [
        'card',
        `insert into vm_device (device_id, vm_id, type, device) select gen_random_uuid(), vm_id, 'video', ${values.add(displayCards[protocol])} from added a
         where not exists (select from vm_device d where d.vm_id = a.vm_id and d.type = 'video')`,
      ],
      ...(protocol === 'spice'
        ? ([['changed', `update vm_device set device = 'qxl' where type = 'video' and vm_id in (select vm_id from added)`]] as const)
        : []),
      [
        'done',
        `select ${values.add(consoleId(protocol))}::text as id, s.vm_name::text as name from vm_static s join added a on a.vm_id = s.vm_guid`,
      ],
    ],
  };
}

async function removing(rel: string, occasion: Occasion): Promise<Omit<Work, 'permit'>> {
  const { id, place } = occasion;
  const protocol = Buffer.from(id, 'hex').toString();
  return {
    ...(await ownerOf(rel, occasion)),
    event: eventOf(rel, protocol, 'removed'),
    statement: (values) => [
      [
        'gone',
        `delete from vm_device where vm_id = ${values.add(place.parent)} and type = 'graphics' and device = ${values.add(protocol)}
         and ${isFree('vm_id')} returning vm_id`,
      ],
      [
        'card',
        `update vm_device d set device = 'vga' from gone g where d.vm_id = g.vm_id and d.type = 'video' and ${values.add(protocol)}::text = 'spice'`,
      ],
      ['done', `select ${values.add(id)}::text as id, s.vm_name::text as name from vm_static s join gone g on g.vm_id = s.vm_guid`],
    ],
  };
}

export function graphicsSpecial(rel: string): Special {
  const permit = rel === 'vms' ? permits.edit_vm_properties : permits.edit_template_properties;
  return {
    add: { permit, work: (occasion) => adding(rel, occasion) },
    remove: { permit, work: (occasion) => removing(rel, occasion) },
  };
}
