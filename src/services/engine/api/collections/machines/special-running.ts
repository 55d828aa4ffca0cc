import { loadMachine } from '../../../machines/load-machine.ts';
import { machineStatuses, machineStatusNumbers, type MachineStatus } from '../../../machines/machine-status.ts';
import { Refusal } from '../../../http/refusal.ts';
import type { Occasion, SpecialChange, Work } from '../collection.ts';
import { needPermitOn } from '../permit-on.ts';
import { permits } from '../permits.ts';
import { because, reasonOf } from '../reason.ts';
import { isBusy, isFree, machineOf, type MachineSubject, notInStatus } from './machine-subject.ts';
import { runOnceOf } from './run-once-request.ts';
import { choices } from './special-vms.ts';

/* How virtual machines are started and ended: what is asked of hosts is done by commands. */

/** One that is paused, because it was started so or its storage was away, goes on. */
const startable: readonly MachineStatus[] = ['down', 'paused'];

export const startVm: SpecialChange = {
  permit: permits.run_vm,
  async work(occasion) {
    const { id, database } = occasion;
    const subject = await machineOf(occasion, id);
    if (!startable.includes(subject.status)) throw notInStatus(subject, 'start', startable);
    const run = await runOnceOf(occasion);
    if (subject.status === 'paused') {
      if (run !== null)
        throw new Refusal(
          409,
          `Virtual machine ${subject.name} is paused and goes on as it is. Switch it off to start it with other settings.`,
        );
      return asking(occasion, ['paused'], 'start', 'ResumeMachine', {
        ...{ code: 40, name: 'USER_RESUME_VM', failed: 54 },
        text: 'Resuming VM ${name} was asked for by ${user}.',
      });
    }
    if (run?.hosts !== undefined) await needPermitOn(occasion, permits.edit_admin_vm_properties, id, choices);
    const machine = await loadMachine(database, id, null);
    const obstacle = machine?.obstacle ?? null;
    // A drive that is given for this run is looked into when it is started.
    if (obstacle !== null && run?.cd === undefined) throw new Refusal(409, `Cannot start virtual machine ${subject.name}: ${obstacle}`);
    return {
      ...{ object: id, machine: id, name: subject.name },
      event: { code: 150, name: 'USER_INITIATED_RUN_VM', text: 'Starting VM ${name} was asked for by ${user}.', failed: 54 },
      statement: (values) => [
        [
          'changed',
          `update vm_dynamic set status = ${machineStatuses.wait_for_launch}, status_since = now(), run_on_vds = null, exit_reason = null,
             exit_message = null, stop_reason = null, current_cd = ${disc(values.add(run?.cd ?? null))}, run_once = ${values.add(run !== null)}, run_configuration = ${values.add(run === null ? null : JSON.stringify(run))}::jsonb
           where vm_guid = ${values.add(id)} and status = ${machineStatuses.down} and run_on_vds is null and ${isFree('vm_guid')} returning vm_guid`,
        ],
        named,
      ],
      begins: { type: 'StartMachine', parameters: { machine: id, name: subject.name }, locks: [id] },
      otherwise: isBusy(`virtual machine ${subject.name}`),
    };
  },
};

/** SQL of what is in the drive of a machine that is started: what is given for this run, or what is kept. */
const disc = (given: string): string =>
  `nullif(coalesce(${given}::text, (select content from vm_device where vm_id = vm_guid and type = 'disk' and device = 'cdrom'
    order by _create_date, device_id limit 1)), '')`;

/** The machine that was changed. */
const named = ['done', 'select s.vm_guid::text as id, s.vm_name::text as name from changed join vm_static s using (vm_guid)'] as const;

/** Whatever a machine does, it can be switched off. */
const stoppable: readonly MachineStatus[] = [
  ...(['up', 'powering_up', 'paused', 'powering_down', 'reboot_in_progress', 'wait_for_launch', 'unknown', 'not_responding'] as const),
  ...(['saving_state', 'restoring_state', 'migrating'] as const),
];

const stopEvent = { code: 33, name: 'USER_STOP_VM', text: 'VM ${name} is switched off by ${user}.', failed: 56 } as const;

export const stopVm: SpecialChange = {
  permit: permits.stop_vm,
  async work(occasion) {
    const { id } = occasion;
    const subject = await machineOf(occasion, id);
    if (!stoppable.includes(subject.status)) throw notInStatus(subject, 'stop', stoppable);
    const reason = reasonOf(occasion);
    const event = because(stopEvent, reason);
    const isStarting = await startsNow(occasion, subject);
    if (isStarting) {
      // It has not got that far: the command that starts it takes it back. The lock has it get no further before the command can see that.
      return {
        ...{ object: id, machine: id, name: subject.name, event },
        statement: (values) => [
          [
            'changed',
            `update command_entities set cancelled = true where command_type = 'StartMachine'
             and command_id in (select command_id from command_locks where object_id = ${values.add(id)})
             and exists (select from vm_dynamic where vm_guid = ${values.add(id)} and status = ${machineStatuses.wait_for_launch} for share)
             returning ${values.add(id)}::uuid as vm_guid`,
          ],
          named,
        ],
        otherwise: isBusy(`virtual machine ${subject.name}`),
      };
    }
    return {
      ...{ object: id, machine: id, name: subject.name, event },
      statement: (values) => [
        [
          'changed',
          `update vm_dynamic set stop_reason = ${values.add(reason)} where vm_guid = ${values.add(id)}
           and status = any(${values.add(machineStatusNumbers(...stoppable))}::integer[]) and ${isFree('vm_guid')} returning vm_guid`,
        ],
        named,
      ],
      begins: { type: 'StopMachine', parameters: { machine: id, name: subject.name }, locks: [id] },
      otherwise: isBusy(`virtual machine ${subject.name}`),
    };
  },
};

async function startsNow({ database }: Occasion, { id, status }: MachineSubject): Promise<boolean> {
  if (status !== 'wait_for_launch') return false;
  const found = await database.query(
    `select from command_locks join command_entities using (command_id) where object_id = $1 and command_type = 'StartMachine'`,
    [id],
  );
  return found.length > 0;
}

/** Guests that can hear something. */
const listening: readonly MachineStatus[] = ['up', 'powering_up', 'powering_down', 'reboot_in_progress'];
/** Machines that have a button to be reset by. */
const resettable: readonly MachineStatus[] = [...listening, 'paused', 'not_responding'];

/** Has something done with a machine that runs, by a command that the host is asked by. */
async function asking(
  occasion: Occasion,
  from: readonly MachineStatus[],
  what: string,
  type: string,
  event: Work['event'],
): Promise<Omit<Work, 'permit'>> {
  const { id, entity } = occasion;
  const subject = await machineOf(occasion, id);
  if (!from.includes(subject.status)) throw notInStatus(subject, what, from);
  const reason = reasonOf(occasion);
  const force = entity['force'] === true;
  return {
    ...{ object: id, machine: id, name: subject.name, event: because(event, reason) },
    statement: (values) => [
      [
        'changed',
        `update vm_dynamic set stop_reason = ${values.add(reason)} where vm_guid = ${values.add(id)}
         and status = any(${values.add(machineStatusNumbers(...from))}::integer[]) and ${isFree('vm_guid')} returning vm_guid`,
      ],
      named,
    ],
    begins: { type, parameters: { machine: id, name: subject.name, force, reason: reason ?? '' }, locks: [id] },
    otherwise: isBusy(`virtual machine ${subject.name}`),
  };
}

export const shutdownVm: SpecialChange = {
  permit: permits.shut_down_vm,
  work: (occasion) =>
    asking(occasion, listening, 'shut down', 'ShutdownMachine', {
      ...{ code: 73, name: 'USER_INITIATED_SHUTDOWN_VM', failed: 74 },
      text: 'Shutting down VM ${name} was asked for by ${user}.',
    }),
};

export const rebootVm: SpecialChange = {
  permit: permits.reboot_vm,
  work: (occasion) =>
    asking(occasion, listening, 'reboot', 'RebootMachine', {
      ...{ code: 157, name: 'USER_REBOOT_VM', failed: 158 },
      text: 'Rebooting VM ${name} was asked for by ${user}.',
    }),
};

export const resetVm: SpecialChange = {
  permit: permits.reset_vm,
  work: (occasion) =>
    asking(occasion, resettable, 'reset', 'ResetMachine', {
      ...{ code: 9905, name: 'USER_RESET_VM', failed: 9906 },
      text: 'Resetting VM ${name} was asked for by ${user}.',
    }),
};
