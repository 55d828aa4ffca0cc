import type { RunOnce } from '../../../machines/run-once.ts';
import { Refusal } from '../../../http/refusal.ts';
import type { Entity } from '../../types.ts';
import type { Occasion } from '../collection.ts';
import { displayOf } from './machine-devices.ts';
import { bootDevices as bootDevicesOf } from './machine-fields.ts';
import { discOf } from './special-cdroms.ts';
import { hostsOf } from './special-vms.ts';

/* What clients give with the action `start`, for one run alone. */

/** What would need a program in the guest that is given its settings when it starts. */
const initialization = ['use_cloud_init', 'use_sysprep', 'use_initialization'] as const;

const partOf = (entity: Entity, name: string): Entity => (entity[name] ?? {}) as Entity;
const listOf = (value: unknown): readonly Entity[] => (Array.isArray(value) ? (value as readonly Entity[]) : []);

/**
 * Reads the element `action` of `start`; null where the machine is started as it is kept. Throws faults (400) for what cannot be, refusals (409) for
 * what is not supported.
 */
export async function runOnceOf({ entity, members, asker }: Pick<Occasion, 'entity' | 'members' | 'asker'>): Promise<RunOnce | null> {
  const asked = initialization.find((name) => entity[name] === true);
  if (asked !== undefined)
    throw new Refusal(409, `${asked} is not supported: virtual machines are started without settings for their guests.`);
  if (entity['volatile'] === true)
    throw new Refusal(409, 'volatile is not supported: what a virtual machine is started with for once goes when it ends.');
  const machine = partOf(entity, 'vm');
  const os = partOf(machine, 'os');
  if (['kernel', 'initrd', 'cmdline'].some((name) => typeof os[name] === 'string' && os[name] !== ''))
    throw new Refusal(
      409,
      'A kernel that lies on the host cannot be booted: let the virtual machine boot from a disk, a CD or the network.',
    );
  const devices = partOf(os, 'boot')['devices'];
  const bootDevices = Array.isArray(devices) ? bootDevicesOf(devices) : undefined;
  const hosts = (await hostsOf({ entity: machine, members, asker })) ?? [];
  const [drive] = listOf(machine['cdroms']);
  const display = displayOf(machine);
  const menu = partOf(partOf(machine, 'bios'), 'boot_menu')['enabled'];
  const paused = entity['pause'] ?? machine['start_paused'];
  const run: RunOnce = {
    ...(typeof paused === 'boolean' ? { paused } : {}),
    ...(bootDevices === undefined ? {} : { bootDevices }),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(drive === undefined ? {} : { cd: discOf(drive) ?? '' }),
    ...(display === null ? {} : { display }),
    ...(typeof menu === 'boolean' ? { bootMenu: menu } : {}),
  };
  return Object.keys(run).length === 0 ? null : run;
}
