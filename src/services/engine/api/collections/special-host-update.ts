import { type HostStatus, statusNumbers } from '../../hosts/host-status.ts';
import { Refusal } from '../../http/refusal.ts';
import { changing } from '../store.ts';
import type { Values } from '../search/values.ts';
import { objectIn, type Occasion, type SpecialChange, type Store } from './collection.ts';
import { needPermitOn } from './permit-on.ts';
import { permits } from './permits.ts';
import { notNow, subjectOf } from './special-hosts.ts';
import { localDomainOf } from './uses-of-hosts.ts';

/* Changes of what is written down of a host. */

/** Nothing runs on a host that is moved to another cluster, no storage is connected, and nobody works on it. */
const fromToMove = ['maintenance', 'pending_approval'] as const satisfies readonly HostStatus[];

interface Move {
  readonly name: string;
  readonly isElsewhere: boolean;
  readonly sameCenter: boolean;
  /** A machine that names the host among those that it may run on; null where there is none. */
  readonly tied: string | null;
}

/**
 * The name of the cluster that a host is moved to; null where it stays. Throws refusals (403, 404, 409).
 */
async function moveOf(occasion: Occasion): Promise<string | null> {
  const { database, id, entity, members, asker } = occasion;
  if (Object.keys(objectIn(entity, 'cluster')).length === 0) return null;
  const cluster = await members.resolve('clusters', objectIn(entity, 'cluster'), asker);
  const [move] = await database.query<Move>(
    `select n.name, n.cluster_id <> h.cluster_id as "isElsewhere", n.storage_pool_id is not distinct from c.storage_pool_id as "sameCenter",
       (select vm_name from vm_host_pinning_map m join vm_static v on v.vm_guid = m.vm_id where m.vds_id = h.vds_id order by vm_name limit 1) as tied
     from vds_static h join cluster c using (cluster_id) join cluster n on n.cluster_id = $2 where h.vds_id = $1`,
    [id, cluster],
  );
  if (move?.isElsewhere !== true) return null;
  await needPermitOn(occasion, permits.edit_host_configuration, cluster, 'the cluster');
  const subject = await subjectOf(occasion);
  if (!(fromToMove as readonly HostStatus[]).includes(subject.status)) throw notNow(subject, 'move', fromToMove);
  if (move.tied !== null)
    throw new Refusal(
      409,
      `Cannot move host ${subject.name}: virtual machine ${move.tied} names it among the hosts that it may run on (placement_policy.hosts). Change that first.`,
    );
  const domain = move.sameCenter ? null : await localDomainOf(occasion);
  if (domain !== null)
    throw new Refusal(409, `Cannot move host ${subject.name} to another data center: storage domain ${domain} lies on it.`);
  return move.name;
}

const still =
  (id: string) =>
  (values: Values): string =>
    `exists (select from vds_dynamic where vds_id = ${values.add(id)} and status = any(${values.add(statusNumbers(...fromToMove))}::integer[]) for share)
   and not exists (select from command_locks where object_id = ${values.add(id)})`;

/** Changes a host; in maintenance it can also be moved to another cluster. */
export const updateHost = (store: Store): SpecialChange => ({
  permit: permits.edit_host_configuration,
  async work(occasion) {
    const { database, id, entity, members, asker } = occasion;
    const cluster = await moveOf(occasion);
    if (cluster === null) return { ...(await changing(database, store, id, entity, members, asker)), host: id };
    const work = await changing(database, store, id, entity, members, asker, still(id));
    return {
      ...{ ...work, host: id },
      event: { ...work.event, more: `It belongs to cluster ${cluster} now.` },
      otherwise: () => new Refusal(409, `The status of host ${work.name ?? ''} has just changed. Try again.`),
    };
  },
});
