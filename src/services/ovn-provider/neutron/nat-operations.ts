import { randomUUID } from 'node:crypto';
import type { Operation } from '../northbound/northbound.ts';
import { insert, mutate, needs, update } from '../northbound/operations.ts';
import { set, uuids } from '../ovsdb/notation.ts';

/* Translations of addresses: rows of NAT, which are of one router each (ovn-nb(5)). */

/** An address outside that stands for one port inside. */
export interface OneToOne {
  readonly external: string;
  readonly logical: string;
  /** The name of the port. */
  readonly port: string;
}

const columnsOf = ({ external, logical, port }: OneToOne) => ({ external_ip: external, logical_ip: logical, logical_port: set([port]) });

export const addOneToOne = (routerId: string, wanted: OneToOne): readonly Operation[] =>
  add(routerId, { type: 'dnat_and_snat', ...columnsOf(wanted) });

/** The same row for another port; a hardware address of its own, by which hosts translate by themselves, was that of the port before. */
export const changeOneToOne = (natId: string, wanted: OneToOne): readonly Operation[] => [
  needs('NAT', natId),
  update('NAT', natId, { ...columnsOf(wanted), external_mac: set([]) }),
];

/** Who sends from a range outwards does so from one address. */
export const addSource = (routerId: string, external: string, range: string): readonly Operation[] =>
  add(routerId, { type: 'snat', external_ip: external, logical_ip: range });

function add(routerId: string, columns: Parameters<typeof insert>[2]): readonly Operation[] {
  const id = randomUUID();
  return [insert('NAT', id, columns), mutate('Logical_Router', routerId, 'nat', 'insert', uuids([id]))];
}

export const removeNat = (routerId: string, ids: readonly string[]): readonly Operation[] =>
  ids.length === 0 ? [] : [mutate('Logical_Router', routerId, 'nat', 'delete', uuids(ids))];
