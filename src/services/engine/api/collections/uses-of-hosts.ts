import { phaseNumbers } from '../../disks/transfer-phase.ts';
import type { HostStatus } from '../../hosts/host-status.ts';
import { Refusal } from '../../http/refusal.ts';
import type { Occasion } from './collection.ts';

/* What stands in the way of whoever wants to take a host out of use. */

type Asking = Pick<Occasion, 'database' | 'id'>;
interface Named {
  readonly name: string;
  readonly status: HostStatus;
}

/** What it is that nobody hears of a host any more. */
export const unheard: readonly HostStatus[] = ['non_responsive', 'connecting'];

/** Names that one refusal lists. */
const mostNames = 10;

/** Throws a refusal (409) for a host that has virtual machines, as far as the engine knows: nobody would watch over them any more. */
export async function needEmpty({ database, id }: Asking, { name, status }: Named, what: string): Promise<void> {
  const [found] = await database.query<{ machines: number }>('select count(*)::integer as machines from vm_dynamic where run_on_vds = $1', [
    id,
  ]);
  if (found === undefined || found.machines === 0) return;
  const then = unheard.includes(status)
    ? 'If it was rebooted or is switched off, confirm that first (action fence with fence_type manual)'
    : 'Shut them down first';
  throw new Refusal(409, `Cannot ${what} host ${name}: it has ${found.machines} virtual machines. ${then}.`);
}

/** Throws a refusal (409) for a host through which clients send or fetch images just now. */
export async function needNoTransfers({ database, id }: Asking, { name }: Named): Promise<void> {
  const [found] = await database.query<{ transfers: number }>(
    'select count(*)::integer as transfers from image_transfers where vds_id = $1 and phase = any($2::integer[])',
    [id, phaseNumbers('initializing', 'transferring', 'resuming', 'finalizing_success')],
  );
  if (found === undefined || found.transfers === 0) return;
  throw new Refusal(
    409,
    `Cannot deactivate host ${name}: ${found.transfers} transfers of images go through it. Finish, pause or cancel them first.`,
  );
}

/** The name of a storage domain that lies on a host alone; null where there is none. */
export async function localDomainOf({ database, id }: Asking): Promise<string | null> {
  const [found] = await database.query<{ name: string }>(
    'select storage_name as name from storage_domain_static where vds_id = $1 order by storage_name limit 1',
    [id],
  );
  return found?.name ?? null;
}

/** Throws a refusal (409) for a host that others would miss: storage that lies on it alone, virtual machines that may run on no other one. */
export async function needNothingBehind({ database, id }: Asking, { name }: Named): Promise<void> {
  const domain = await localDomainOf({ database, id });
  if (domain !== null) throw new Refusal(409, `Cannot remove host ${name}: storage domain ${domain} lies on it. Remove that first.`);
  const tied = await database.query<{ name: string }>(
    `select v.vm_name as name from vm_host_pinning_map m join vm_static v on v.vm_guid = m.vm_id where m.vds_id = $1 and not exists
       (select from vm_host_pinning_map o where o.vm_id = m.vm_id and o.vds_id <> m.vds_id) order by v.vm_name limit ${mostNames}`,
    [id],
  );
  if (tied.length === 0) return;
  // With the host that would go, and they would run anywhere.
  const names = tied.map((machine) => machine.name).join(', ');
  throw new Refusal(409, `Cannot remove host ${name}: virtual machines may run there alone (${names}). Let them run elsewhere first.`);
}
