import { isTimeZone } from '../../../machines/time-zone.ts';
import { invalidValue, outOfRange, rejected } from '../../fault.ts';
import type { Field } from '../collection.ts';
import { storedLevel } from '../datacenters.ts';
import { systemNumber } from '../operating-systems.ts';
import { numberIn, plainName, within } from '../stored.ts';
import {
  affinityWords,
  biosTypeWords,
  bootDeviceWords,
  disconnectWords,
  machineTypeWords,
  resumeWords,
  serialNumberWords,
} from './machine-words.ts';

/* What clients may set of virtual machines, templates and instance types, as it is stored. */

/** Mega bytes of a number of bytes; what does not fill one is dropped. */
const megabytes =
  (what: string) =>
  (value: unknown): number => {
    const found = Math.floor(Number(value) / 1_048_576);
    if (found < 1) throw outOfRange(`${what} is given in bytes, and must be 1048576 at least.`);
    if (found > 2_147_483_647) throw outOfRange(`${what} is too large.`);
    return found;
  };

/** One of a list of words, which is stored as it stands. */
const wordIn =
  (words: readonly string[], what: string) =>
  (value: unknown): string => {
    const word = String(value).toLowerCase();
    if (!words.includes(word)) throw invalidValue(what, words);
    return word;
  };

/** Boot devices as a client named them. Throws faults (400). */
export const bootDevices = (value: unknown): readonly string[] => {
  const devices = (value as readonly string[]).map(wordIn(bootDeviceWords, 'os.boot.devices'));
  if (new Set(devices).size !== devices.length) throw rejected('A boot device is named once only.');
  return devices;
};

/** Time zones as the world has them, and as Windows calls them. */
const timeZone = (value: unknown): unknown => {
  const name = String(value);
  if (name === '') return null;
  if (/^[A-Za-z]/.test(name) && isTimeZone(name)) return name;
  throw rejected(
    `There is no time zone ${JSON.stringify(name)}. Give its name as in Europe/Berlin or, as Windows has it, W. Europe Standard Time.`,
  );
};

/** A path that a kernel is booted from; nothing at all takes it away. */
const clearable = (value: unknown): unknown => (value === '' ? null : value);

const hardwareName = (what: string) => (value: unknown) => {
  if (value !== '' && !/^[\w.+:,=-]+$/.test(String(value))) throw rejected(`${what} has characters that no ${what} has.`);
  return clearable(value);
};

const monitors = (value: unknown): unknown => {
  if (![1, 2, 4].includes(Number(value))) throw outOfRange('display.monitors must be 1, 2 or 4.');
  return value;
};

const level = (value: unknown): unknown => (Object.keys(value as object).length === 0 ? null : storedLevel(value));

/** Options that say how much a machine can have at most, by what they limit. */
export const sizeOptions = {
  processors: 'MaxNumOfVmCpus',
  sockets: 'MaxNumOfVmSockets',
  cores: 'MaxNumOfCpuPerSocket',
  threads: 'MaxNumOfThreadsPerCpu',
  memory: 'VM64BitMaxMemorySizeInMB',
} as const;

const most = 65_535;

export const shapeFields: Readonly<Record<string, Field>> = {
  name: { column: 'vm_name', required: true, longest: 64, store: plainName },
  description: { column: 'description', longest: 4000 },
  comment: { column: 'free_text_comment', longest: 4000 },
  'bios.boot_menu.enabled': { column: 'boot_menu_enabled' },
  'bios.type': { column: 'bios_type', store: numberIn(biosTypeWords, 'bios.type') },
  'cpu.topology.cores': { column: 'cpu_per_socket', store: within(1, most, 'cpu.topology.cores') },
  'cpu.topology.sockets': { column: 'num_of_sockets', store: within(1, most, 'cpu.topology.sockets') },
  'cpu.topology.threads': { column: 'threads_per_cpu', store: within(1, most, 'cpu.topology.threads') },
  cpu_shares: { column: 'cpu_shares', store: within(0, 262_144, 'cpu_shares') },
  custom_compatibility_version: { column: 'custom_compatibility_version', store: level },
  custom_cpu_model: { column: 'custom_cpu_name', longest: 40, store: hardwareName('custom_cpu_model') },
  custom_emulated_machine: { column: 'custom_emulated_machine', longest: 40, store: hardwareName('custom_emulated_machine') },
  delete_protected: { column: 'is_delete_protected' },
  'display.allow_override': { column: 'allow_console_reconnect' },
  'display.disconnect_action': {
    column: 'console_disconnect_action',
    store: (value) => wordIn(disconnectWords, 'display.disconnect_action')(value).toUpperCase(),
  },
  'display.monitors': { column: 'num_of_monitors', store: monitors },
  'high_availability.enabled': { column: 'auto_startup' },
  'high_availability.priority': { column: 'priority', store: within(0, 100, 'high_availability.priority') },
  'io.threads': { column: 'num_of_io_threads', store: within(0, 127, 'io.threads') },
  memory: { column: 'mem_size_mb', store: megabytes('memory') },
  'memory_policy.ballooning': { column: 'balloon_enabled' },
  'memory_policy.guaranteed': { column: 'min_allocated_mem', store: megabytes('memory_policy.guaranteed') },
  'memory_policy.max': { column: 'max_memory_size_mb', store: megabytes('memory_policy.max') },
  multi_queues_enabled: { column: 'multi_queues_enabled' },
  'os.boot.devices': { column: 'boot_devices', store: bootDevices },
  'os.cmdline': { column: 'kernel_params', longest: 4000, store: clearable },
  'os.initrd': { column: 'initrd_url', longest: 4000, store: clearable },
  'os.kernel': { column: 'kernel_url', longest: 4000, store: clearable },
  'os.type': { column: 'os', store: systemNumber },
  'placement_policy.affinity': { column: 'migration_support', store: numberIn(affinityWords, 'placement_policy.affinity') },
  'serial_number.policy': { column: 'serial_number_policy', store: wordIn(serialNumberWords, 'serial_number.policy') },
  'serial_number.value': { column: 'custom_serial_number', store: clearable },
  start_paused: { column: 'is_run_and_pause' },
  stateless: {
    column: 'is_stateless',
    only: { value: false, why: 'what a virtual machine writes to its disks stays there; have new ones made of a template instead' },
  },
  storage_error_resume_behaviour: { column: 'resume_behavior', store: numberIn(resumeWords, 'storage_error_resume_behaviour') },
  'time_zone.name': { column: 'time_zone', longest: 40, store: timeZone },
  type: { column: 'vm_type', store: numberIn(machineTypeWords, 'type') },
};
