import { type HostStatus, statusNumbers, statusWord } from '../../hosts/host-status.ts';
import { notFound, Refusal } from '../../http/refusal.ts';
import type { Occasion, Special, SpecialChange, Work } from './collection.ts';
import { permits } from './permits.ts';
import { because, reasonOf } from './reason.ts';
import { needEmpty, needNoTransfers, needNothingBehind, unheard } from './uses-of-hosts.ts';

/* What is done with hosts. */

interface Subject {
  readonly name: string;
  readonly status: HostStatus;
  /** Those that it ran when it told last, or that are placed on it where those are more. */
  readonly machines: number;
}

/** The host that something is done with. Throws a refusal (404). */
export async function subjectOf({ database, id }: Pick<Occasion, 'database' | 'id'>): Promise<Subject> {
  const [row] = await database.query<{ name: string; status: number; machines: number }>(
    `select vds_name as name, status, greatest(vm_count, (select count(*) from vm_dynamic where run_on_vds = vds_id))::integer as machines
     from vds where vds_id = $1`,
    [id],
  );
  if (row === undefined) throw notFound();
  return { ...row, status: statusWord(row.status) };
}

const words = (statuses: readonly HostStatus[]): string => statuses.map((status) => status.replaceAll('_', ' ')).join(', ');

/** A refusal (409) for a host whose status does not allow something. */
export const notNow = ({ name, status }: Subject, what: string, from: readonly HostStatus[]): Refusal =>
  new Refusal(409, `Cannot ${what} host ${name}: its status is ${words([status])}, and it would have to be one of: ${words(from)}.`);

/** The statement that takes a host from one of some statuses to another, and returns it. */
export const moving =
  (id: string, from: readonly HostStatus[], to: HostStatus): Work['statement'] =>
  (values) => [
    [
      'moved',
      `update vds_dynamic set status = ${values.add(statusNumbers(to)[0])}, non_operational_reason = 0, status_since = now()
       where vds_id = ${values.add(id)} and status = any(${values.add(statusNumbers(...from))}::integer[]) returning vds_id`,
    ],
    ['done', 'select s.vds_id::text as id, s.vds_name::text as name from moved join vds_static s using (vds_id)'],
  ];

const fromToActivate = ['maintenance', 'non_operational', 'install_failed', 'error', 'non_responsive', 'down'] as const;

export const activateHost: SpecialChange = {
  permit: permits.manipulate_host,
  async work(occasion) {
    const { id } = occasion;
    const subject = await subjectOf(occasion);
    const about = { object: id, host: id, name: subject.name };
    const event = { code: 16, name: 'VDS_ACTIVATE', text: 'Activation of host ${name} was asked for by ${user}.', failed: 837 };
    if (subject.status === 'preparing_for_maintenance') {
      // It never left: the command that empties it ends.
      return {
        ...{ ...about, event },
        statement: (values) => [
          [
            'recalled',
            `update command_entities set cancelled = true where command_type = 'MaintainHost'
             and command_id in (select command_id from command_locks where object_id = ${values.add(id)}) returning command_id`,
          ],
          [
            'done',
            `select vds_id::text as id, vds_name::text as name from vds_static where vds_id = ${values.add(id)} and exists (select from recalled)`,
          ],
        ],
        otherwise: () => new Refusal(409, `Host ${subject.name} is just going into maintenance. Try again.`),
      };
    }
    if (!(fromToActivate as readonly HostStatus[]).includes(subject.status)) throw notNow(subject, 'activate', fromToActivate);
    return {
      ...{ ...about, event },
      statement: moving(id, fromToActivate, 'unassigned'),
      begins: { type: 'ActivateHost', parameters: { host: id, name: subject.name }, locks: [id] },
      otherwise: () => new Refusal(409, `The status of host ${subject.name} has just changed. Try again.`),
    };
  },
};

const fromToMaintain = ['up', 'non_operational', 'error', 'non_responsive', 'connecting', 'down', 'reboot', 'install_failed'] as const;

export const deactivateHost: SpecialChange = {
  permit: permits.manipulate_host,
  async work(occasion) {
    const { id } = occasion;
    const subject = await subjectOf(occasion);
    if (!(fromToMaintain as readonly HostStatus[]).includes(subject.status)) throw notNow(subject, 'deactivate', fromToMaintain);
    if (unheard.includes(subject.status) && subject.machines > 0) {
      throw new Refusal(
        409,
        `Cannot deactivate host ${subject.name}: it cannot be reached, and may run ${subject.machines} virtual machines. Bring it back; or, if it was rebooted or is switched off, confirm that (action fence with fence_type manual).`,
      );
    }
    await needNoTransfers(occasion, subject);
    return {
      ...{ object: id, host: id, name: subject.name },
      event: because(
        { code: 600, name: 'USER_VDS_MAINTENANCE', text: 'Host ${name} was sent into maintenance by ${user}.', failed: 17 },
        reasonOf(occasion),
      ),
      statement: moving(id, [subject.status], 'preparing_for_maintenance'),
      begins: { type: 'MaintainHost', parameters: { host: id, name: subject.name, from: subject.status }, locks: [id] },
      otherwise: () => new Refusal(409, `The status of host ${subject.name} has just changed. Try again.`),
    };
  },
};

export const refreshHost: SpecialChange = {
  permit: permits.manipulate_host,
  async work(occasion) {
    const { id } = occasion;
    const subject = await subjectOf(occasion);
    if (subject.status !== 'up') throw notNow(subject, 'refresh', ['up']);
    return {
      ...{ object: id, host: id, name: subject.name },
      event: { code: 605, name: 'HOST_REFRESH_CAPABILITIES', text: 'A new look at host ${name} was asked for by ${user}.', failed: 607 },
      statement: (values) => [
        ['done', `select vds_id::text as id, vds_name::text as name from vds_static where vds_id = ${values.add(id)}`],
      ],
      begins: { type: 'RefreshHost', parameters: { host: id, name: subject.name }, locks: [id] },
    };
  },
};

const fromToRemove = ['maintenance', 'down', 'install_failed', 'pending_approval'] as const;
/** By force also those of which nothing is heard. */
const fromToForce = [...fromToRemove, 'non_responsive', 'non_operational', 'error'] as const;

export const hostSpecial: Special = {
  remove: {
    permit: permits.delete_host,
    async work(occasion) {
      const { id, asks } = occasion;
      const subject = await subjectOf(occasion);
      const from: readonly HostStatus[] = asks('force') ? fromToForce : fromToRemove;
      if (!from.includes(subject.status)) throw notNow(subject, 'remove', from);
      await needEmpty(occasion, subject, 'remove');
      await needNothingBehind(occasion, subject);
      return {
        ...{ object: id, host: id, name: subject.name },
        event: { code: 44, name: 'USER_REMOVE_VDS', text: 'Host ${name} was removed by ${user}.', failed: 60 },
        statement: (values) => [
          [
            'known',
            `select vds_id from vds_dynamic where vds_id = ${values.add(id)} and status = any(${values.add(statusNumbers(...from))}::integer[])
             and not exists (select from command_locks where object_id = vds_id) for update`,
          ],
          [
            'done',
            'delete from vds_static where vds_id in (select vds_id from known) returning vds_id::text as id, vds_name::text as name',
          ],
        ],
        otherwise: () => new Refusal(409, `Cannot remove host ${subject.name}: a command is working on it. Wait until that has ended.`),
      };
    },
  },
};
