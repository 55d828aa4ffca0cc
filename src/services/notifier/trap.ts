import { type Event, type Subject } from './event.ts';

/** Numbers of the optional objects of a trap: the name of what an event is about, and with the next number its id. */
const numbers: Readonly<Record<Subject, number>> = {
  user: 100,
  vm: 102,
  vds: 104,
  vm_template: 106,
  storage_pool: 108,
  storage_domain: 110,
};

/** One value in a trap. */
export interface TrapValue {
  readonly oid: string;
  readonly value: string | number;
}

/** The identifier of the trap that tells of an event (OVIRT-MIB: notifications, audit). */
export const trapOid = (base: string): string => `${base}.0.1`;

/** What a trap says of an event (OVIRT-MIB: objects, audit). */
export function trapValues(event: Event, base: string): readonly TrapValue[] {
  const at = (number: number): string => `${base}.2.1.${number}`;
  const about = (Object.keys(numbers) as Subject[]).flatMap((subject) => {
    const { name = null, id = null } = event.about[subject] ?? {};
    const both = [
      [numbers[subject], name],
      [numbers[subject] + 1, id],
    ] as const;
    return both.flatMap(([number, value]) => (value === null || value === '' ? [] : [{ oid: at(number), value }]));
  });
  return [
    { oid: at(1), value: event.id },
    { oid: at(2), value: event.name },
    { oid: at(3), value: event.code },
    { oid: at(4), value: event.severity },
    { oid: at(5), value: cut(event.message) },
    { oid: at(6), value: event.resolves ? 1 : 0 },
    { oid: at(7), value: `${event.time.toISOString().slice(0, 16)}Z` },
    ...about,
  ];
}

/** A datagram that is too large is lost on its way. */
const cut = (text: string): string => (text.length > 1_000 ? `${text.slice(0, 1_000).toWellFormed()}...` : text);
