import type { Database } from '../../frame/database.ts';
import type { Entity } from '../api/types.ts';
import type { Work } from '../api/collections/collection.ts';
import { hasPermitOn } from '../api/collections/permit-on.ts';
import { permits } from '../api/collections/permits.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import type { Consoles, Viewer } from './consoles.ts';
import { type Display, displaysOf, type DisplayType, type MachineDisplays } from './display.ts';

/* What is done with displays, as work that asks for the permit first. */

/** A display that somebody wants to see. */
export interface Wanted {
  readonly database: Database;
  readonly consoles: Consoles;
  readonly machine: string;
  /** Which of its displays; the one that shows more, where there are both. */
  readonly type?: DisplayType | undefined;
  readonly viewer: Viewer;
}

const words = (status: string): string => status.replaceAll('_', ' ');

/** The display, where it can be opened now. Throws a refusal. */
async function displayOf({ database, machine, type }: Wanted): Promise<readonly [MachineDisplays, Display]> {
  const found = await displaysOf(database, machine);
  if (found === null) throw notFound();
  const of = (wanted: DisplayType): Display | undefined => found.displays.find((display) => display.type === wanted);
  const display = type === undefined ? (of('spice') ?? of('vnc')) : of(type);
  if (display !== undefined) return [found, display];
  const why =
    found.host === null
      ? `its status is ${words(found.status)}`
      : `it has no open ${type === undefined ? '' : `${type.toUpperCase()} `}display`;
  throw new Refusal(409, `Cannot open a console of virtual machine ${found.name}: ${why}.`);
}

/** Throws a refusal (403) where somebody else uses the machine, and this user may not take it over. */
async function needTurn({ database, viewer }: Wanted, { id, name, usedBy, takenOver }: MachineDisplays): Promise<void> {
  if (usedBy === null || usedBy === viewer.userId || takenOver) return;
  if (!(await hasPermitOn({ database, asker: viewer }, permits.reconnect_to_vm, id)))
    throw new Refusal(403, `Somebody else uses the console of virtual machine ${name}.`);
}

const common = (wanted: Wanted): Pick<Work, 'object' | 'machine'> => ({ object: wanted.machine, machine: wanted.machine });

const selected =
  (machine: string): Work['statement'] =>
  (values) => [['done', `select vm_guid::text as id, vm_name::text as name from vm_static where vm_guid = ${values.add(machine)}`]];

/**
 * Opens a display with a new password, and hands that on.
 * @param seconds how long it may be used
 * @param answer what the client is answered
 * @param otherwise whether it is refused (409), or there is nothing to be had, where there is no open display
 */
export function openDisplay(
  wanted: Wanted,
  seconds: number,
  answer: (machine: MachineDisplays, display: Display, password: string) => Promise<Entity>,
  otherwise: 'refused' | 'nothing' = 'refused',
): Omit<Work, 'permit'> {
  const { consoles, machine, viewer } = wanted;
  return {
    ...common(wanted),
    event: { code: 164, name: 'VM_SET_TICKET', text: 'User ${user} has opened the console of virtual machine ${name}.', failed: 165 },
    async first() {
      const open = await displayOf(wanted).catch((error: unknown) => {
        if (otherwise === 'nothing' && error instanceof Refusal && error.status === 409) return null;
        throw error;
      });
      if (open === null) return null;
      const [found, display] = open;
      await needTurn(wanted, found);
      return answer(found, display, await consoles.setPassword(found, display, viewer, seconds));
    },
    statement: (values) => [
      [
        'taken',
        `update vm_dynamic set console_user_id = ${values.add(viewer.userId)}, console_user_name = ${values.add(viewer.userName)}
         where vm_guid = ${values.add(machine)} returning vm_guid`,
      ],
      ['done', 'select vm_guid::text as id, vm_name::text as name from taken join vm_static using (vm_guid)'],
    ],
  };
}

/** Makes a ticket for the WebSocket proxy, which opens nothing without the password of the display. */
export function proxyTicket(wanted: Wanted): Omit<Work, 'permit'> {
  return {
    ...common(wanted),
    quiet: true,
    event: { code: 164, name: 'VM_SET_TICKET', text: 'User ${user} wants a way to the console of virtual machine ${name}.', failed: 165 },
    async first() {
      const [, display] = await displayOf(wanted);
      return { proxy_ticket: { value: await wanted.consoles.proxyTicket(display) } };
    },
    statement: selected(wanted.machine),
  };
}
