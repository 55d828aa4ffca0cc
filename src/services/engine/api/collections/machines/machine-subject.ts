import { type MachineStatus, machineStatusWord } from '../../../machines/machine-status.ts';
import { notFound, Refusal } from '../../../http/refusal.ts';
import type { Occasion } from '../collection.ts';

/** A virtual machine that something is done with. */
export interface MachineSubject {
  readonly id: string;
  readonly name: string;
  readonly status: MachineStatus;
  readonly cluster: string;
  readonly dataCenter: string | null;
  readonly isProtected: boolean;
}

/** The machine that something is done with. Throws a refusal (404). */
export async function machineOf({ database }: Pick<Occasion, 'database'>, id: string): Promise<MachineSubject> {
  const [row] = await database.query<Omit<MachineSubject, 'status'> & { readonly status: number }>(
    `select s.vm_guid::text as id, s.vm_name as name, d.status, s.cluster_id::text as cluster, c.storage_pool_id::text as "dataCenter",
       s.is_delete_protected as "isProtected"
     from vm_static s join vm_dynamic d using (vm_guid) join cluster c using (cluster_id) where s.vm_guid = $1`,
    [id],
  );
  if (row === undefined) throw notFound();
  return { ...row, status: machineStatusWord(row.status) };
}

const words = (statuses: readonly MachineStatus[]): string => statuses.map((status) => status.replaceAll('_', ' ')).join(', ');

/** A refusal (409) for a machine whose status does not allow something. */
export const notInStatus = ({ name, status }: MachineSubject, what: string, from: readonly MachineStatus[]): Refusal =>
  new Refusal(
    409,
    `Cannot ${what} virtual machine ${name}: its status is ${words([status])}, and it would have to be one of: ${words(from)}.`,
  );

/** Condition of a machine that no command works on; `id` is SQL. */
export const isFree = (id: string): string => `not exists (select from command_locks l where l.object_id = ${id})`;

/** A refusal (409) for a machine that a command has taken meanwhile. */
export const isBusy = (name: string) => (): Refusal =>
  new Refusal(409, `A command is working on ${name}, or its status has just changed. Try again when that has ended.`);
