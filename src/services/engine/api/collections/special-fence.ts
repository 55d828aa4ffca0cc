import { type HostStatus, statusNumbers } from '../../hosts/host-status.ts';
import { Refusal } from '../../http/refusal.ts';
import { setDown } from '../../machines/machine-records.ts';
import { invalidValue } from '../fault.ts';
import type { SpecialChange } from './collection.ts';
import { permits } from './permits.ts';
import { notNow, subjectOf } from './special-hosts.ts';

/* What is done with hosts of which nobody hears any more. */

const kinds = ['manual', 'restart', 'start', 'status', 'stop'] as const;
const lost: readonly HostStatus[] = ['non_responsive', 'connecting', 'reboot'];

/**
 * A person confirms that a host which cannot be reached was rebooted, or is switched off: what ran there runs no more, and may be started elsewhere.
 * Machines that a command works on stay as they are, and an event tells of each.
 */
export const fenceHost: SpecialChange = {
  permit: permits.manipulate_host,
  async work(occasion) {
    const { id, entity, worker } = occasion;
    const kind = kinds.find((one) => one === entity['fence_type']);
    if (kind === undefined) throw invalidValue('fence_type', kinds);
    const subject = await subjectOf(occasion);
    if (kind !== 'manual')
      throw new Refusal(
        409,
        `Cannot ${kind} host ${subject.name}: hosts have no power management. Do it by hand, and confirm it with fence_type manual.`,
      );
    if (!lost.includes(subject.status)) throw notNow(subject, 'confirm the reboot of', lost);
    const message = `Host ${subject.name} was confirmed to have been rebooted by ${worker.userName}`;
    return {
      ...{ object: id, host: id, name: subject.name },
      event: {
        ...{ code: 494, name: 'VDS_MANUAL_FENCE_STATUS', failed: 495 },
        text: 'Host ${name} was confirmed to have been rebooted by ${user}.',
      },
      statement: (values) => {
        const [host, why] = [`${values.add(id)}::uuid`, `${values.add(message)}::text`];
        return [
          [
            'emptied',
            `update vds_dynamic set vm_count = 0, vm_active = 0, vm_migrating = 0 where vds_id = ${host}
             and status = any(${values.add(statusNumbers(...lost))}::integer[]) returning vds_id`,
          ],
          [
            'ended',
            `update vm_dynamic d set ${setDown('11', why)} from emptied where d.run_on_vds = emptied.vds_id
             and not exists (select from command_locks l where l.object_id = d.vm_guid) returning d.vm_guid`,
          ],
          [
            'each',
            `insert into audit_log (log_time, log_type, log_type_name, severity, message, vm_id, vm_name, vds_id, vds_name)
             select now(), 143, 'VM_WAS_SET_DOWN_DUE_TO_HOST_REBOOT_OR_MANUAL_FENCE', 1, 'Virtual machine ' || s.vm_name || ' is down: ' || ${why} || '.',
               s.vm_guid, s.vm_name, h.vds_id, h.vds_name from ended join vm_static s using (vm_guid), vds_static h where h.vds_id = ${host}`,
          ],
          [
            'kept',
            `insert into audit_log (log_time, log_type, log_type_name, severity, message, vm_id, vm_name, vds_id, vds_name)
             select now(), 142, 'VM_SET_TO_UNKNOWN_STATUS', 1, 'A command works on virtual machine ' || s.vm_name || ': confirm the reboot of host ' ||
               h.vds_name || ' again when it has ended.', s.vm_guid, s.vm_name, h.vds_id, h.vds_name
             from emptied join vds_static h using (vds_id) join vm_dynamic d on d.run_on_vds = h.vds_id join vm_static s using (vm_guid)
             where not exists (select from ended where ended.vm_guid = d.vm_guid)`,
          ],
          ['done', 'select h.vds_id::text as id, h.vds_name::text as name from emptied join vds_static h using (vds_id)'],
        ];
      },
      otherwise: () => new Refusal(409, `The status of host ${subject.name} has just changed. Try again.`),
    };
  },
};
