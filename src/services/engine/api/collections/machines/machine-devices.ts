import { invalidValue } from '../../fault.ts';
import type { Values } from '../../search/values.ts';
import type { Entity } from '../../types.ts';
import { textOf } from '../collection.ts';
import { displayCards, type DisplayWord } from './machine-words.ts';

/* Devices of virtual machines and templates, which are rows of their own: what stands behind attributes of the machine. */

type Parts = readonly (readonly [name: string, sql: string])[];

/** The display that a client wants; null where it says nothing of it. Throws a fault (400) for one that there is not. */
export function displayOf(entity: Entity): DisplayWord | null {
  const word = textOf((entity['display'] ?? {}) as Entity, 'type').toLowerCase();
  if (word === '') return null;
  if (!Object.hasOwn(displayCards, word)) throw invalidValue('display.type', Object.keys(displayCards));
  return word as DisplayWord;
}

/** Whether a client wants a serial console; null where it says nothing of it. */
const consoleOf = (entity: Entity): boolean | null => {
  const { enabled } = (entity['console'] ?? {}) as { readonly enabled?: boolean | null };
  return enabled ?? null;
};

const copied = 'type, device, spec_params, is_managed, is_plugged, is_readonly, content';

/**
 * The devices of a new machine, which `added` holds: those of its template, each with an id of its own, except where the client wants others.
 * Network interfaces come along; their addresses are new.
 */
export function devicesOfNew(values: Values, template: string, entity: Entity): Parts {
  const [display, console] = [displayOf(entity), consoleOf(entity)];
  const others = [...(display === null ? [] : ['graphics', 'video']), ...(console === null ? [] : ['console'])];
  const own = [
    ...(display === null
      ? []
      : [
          ['graphics', display],
          ['video', displayCards[display]],
        ]),
    ...(console === true ? [['console', 'console']] : []),
  ];
  const from = values.add(template);
  return [
    [
      'devices',
      `insert into vm_device (device_id, vm_id, ${copied})
       select gen_random_uuid(), a.vm_guid, ${copied} from added a, (
         select ${copied} from vm_device where vm_id = ${from} and type <> all(${values.add(others)}::text[])
         union all select d.type, d.device, '{}', true, true, false, null
           from unnest(${values.add(own.map(([type]) => type))}::text[], ${values.add(own.map(([, device]) => device))}::text[]) d (type, device)
       ) d`,
    ],
    [
      'interfaces',
      `insert into vm_interface (id, vm_guid, name, type, vnic_profile_id, linked, is_plugged, speed)
       select gen_random_uuid(), a.vm_guid, i.name, i.type, i.vnic_profile_id, i.linked, i.is_plugged, i.speed
       from added a, vm_interface i where i.vm_guid = ${from}`,
    ],
  ];
}

/** What changes of the devices of the machine in `added`. */
export function deviceChanges(values: Values, entity: Entity): Parts {
  const [display, console] = [displayOf(entity), consoleOf(entity)];
  return [...(display === null ? [] : displayChange(values, display)), ...(console === null ? [] : consoleChange(console))];
}

const machines = '(select vm_guid from added)';

function displayChange(values: Values, display: DisplayWord): Parts {
  const device = values.add(display);
  return [
    ['other_displays', `delete from vm_device where vm_id in ${machines} and type = 'graphics' and device <> ${device}`],
    [
      'display',
      `insert into vm_device (device_id, vm_id, type, device) select gen_random_uuid(), vm_guid, 'graphics', ${device} from added a
       where not exists (select from vm_device d where d.vm_id = a.vm_guid and d.type = 'graphics' and d.device = ${device})`,
    ],
    ['card', `update vm_device set device = ${values.add(displayCards[display])} where vm_id in ${machines} and type = 'video'`],
  ];
}

const consoleChange = (wanted: boolean): Parts => [
  wanted
    ? [
        'serial',
        `insert into vm_device (device_id, vm_id, type, device) select gen_random_uuid(), vm_guid, 'console', 'console' from added a
         where not exists (select from vm_device d where d.vm_id = a.vm_guid and d.type = 'console')`,
      ]
    : ['serial', `delete from vm_device where vm_id in ${machines} and type = 'console'`],
];
