import { finishedPhases, phaseNumbers } from '../disks/transfer-phase.ts';
import { domainTypes } from './storage-kinds.ts';
import { machineStatusNumbers } from '../machines/machine-status.ts';

/* Who needs a storage domain now. All of it is SQL on a domain that the statement around it calls `s`. */

/** Statuses of machines that run nowhere. */
const atRest = machineStatusNumbers('down', 'suspended', 'image_illegal', 'image_locked').join(', ');

/** Ids of disks that lie there. */
export const disksThere = `select i.image_group_id from images i join image_storage_domain_map x on x.image_id = i.image_guid where x.storage_domain_id = s.id`;

/** Machines that run from disks there. */
export const runningThere = `select v.vm_guid from vm_dynamic v where v.status not in (${atRest})
  and exists (select from disk_vm_element e where e.vm_id = v.vm_guid and e.is_plugged and e.disk_id in (${disksThere}))`;

/** Machines that run with a disc from there in their drives: a disk, or a file, which can only be of the ISO domain of their data center. */
export const playingThere = `select v.vm_guid from vm_dynamic v where v.status not in (${atRest})
  and (lower(v.current_cd) in (select d::text from (${disksThere}) t (d))
    or s.storage_domain_type = ${domainTypes.iso} and v.current_cd !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and v.vm_guid in (select w.vm_guid from vm_static w join cluster c using (cluster_id) join storage_pool_iso_map p using (storage_pool_id)
        where p.storage_id = s.id))`;

/** Commands at work on disks there. */
export const commandsThere = `select l.command_id from command_locks l where l.object_id in (${disksThere})`;

/** What is under way with images there. */
export const transfersThere = `select t.transfer_id from image_transfers t where t.phase not in (${phaseNumbers(...finishedPhases).join(', ')})
  and t.disk_id in (${disksThere})`;

/** All for which a domain cannot be taken out of work: each gives rows while there is any. */
export const needsOfDomains = [runningThere, playingThere, transfersThere, commandsThere];
