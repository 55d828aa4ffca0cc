import type { Told } from '../commands/command.ts';
import type { HostRecord } from '../hosts/host-records.ts';
import type { MachineRecord, MachineRecords } from '../machines/machine-records.ts';
import type { Moment } from '../machines/machine-turns.ts';
import type { SeenMachine } from './machine-statistics.ts';

/* Machines that a host tells of though nobody expects them there. None of them is ever ended: somebody may need it. */

export interface StrangerParts {
  readonly records: MachineRecords;
  readonly tell: (told: Told) => Promise<void>;
  /** What is done with a machine that is where it should be after all: a command works on it. */
  readonly take: (host: string, machine: SeenMachine, moment: Moment) => void;
  readonly adopted: (machine: string, moment: Moment) => void;
}

export interface Strangers {
  look(host: HostRecord, machines: readonly SeenMachine[], moment: Moment): Promise<void>;
  /** Forgets hosts that are gone. */
  keep(hosts: ReadonlySet<string>): void;
}

interface Memory {
  /** Those that ran there when it told last. */
  readonly before: ReadonlySet<string>;
  /** Those that people know of. */
  readonly announced: Set<string>;
}

/** Names of machines that one event lists. */
const mostNames = 10;
/** Machines of which people are told for each host; a host that makes them up does not fill the list of events. */
const mostAnnounced = 1_000;

export function createStrangers({ records, tell, take, adopted }: StrangerParts): Strangers {
  const memories = new Map<string, Memory>();

  /** A machine of ours on a host where it should not be, seen there for the second time. */
  async function misplaced(
    host: HostRecord,
    machine: SeenMachine,
    record: MachineRecord,
    moment: Moment,
    announced: Set<string>,
  ): Promise<void> {
    const about = { machine: record.id, host: host.id };
    // Hosts of other clusters have no business with it, so that one of them cannot have it by saying so.
    if (record.host === null && record.cluster === host.cluster) {
      const status = machine.status ?? 'unknown';
      const isMine = await records.adopt(record.id, host.id, status, {
        ...{ code: 9903, name: 'VM_FOUND_RUNNING', severity: 1, ...about },
        text: `Virtual machine ${record.name} was found running on host ${host.name}, where nobody knew of it.`,
      });
      if (isMine) adopted(record.id, moment);
      return;
    }
    if (announced.has(record.id) || announced.size >= mostAnnounced) return;
    announced.add(record.id);
    if (record.host === null) {
      return tell({
        ...{ code: 9904, name: 'VM_FOUND_IN_OTHER_CLUSTER', severity: 10, ...about },
        text: `Host ${host.name} says that it runs virtual machine ${record.name}, which is of another cluster and does not run. Look at the host, and do not start the machine before it has ended there.`,
      });
    }
    await tell({
      ...{ code: 9902, name: 'VM_RUNS_TWICE', severity: 10, ...about },
      text: `Host ${host.name} says that it runs virtual machine ${record.name}, which is on host ${record.hostName}. Look at both, and switch off the wrong one by hand.`,
    });
  }

  async function announce(host: HostRecord, unknown: readonly SeenMachine[], announced: Set<string>): Promise<void> {
    const fresh = unknown.filter(({ id }) => !announced.has(id)).slice(0, mostAnnounced - announced.size);
    if (fresh.length === 0) return;
    for (const { id } of fresh) announced.add(id);
    const names = fresh.slice(0, mostNames).map(({ id, name }) => name ?? id);
    const more = fresh.length > names.length ? ` and ${fresh.length - names.length} more` : '';
    await tell({
      ...{ code: 9901, name: 'VDS_RUNS_UNKNOWN_VMS', severity: 1, host: host.id },
      text: `On host ${host.name} run virtual machines that are not of this engine: ${names.join(', ')}${more}. They are left alone.`,
    });
  }

  return {
    async look(host, machines, moment) {
      const { before = new Set<string>(), announced = new Set<string>() } = memories.get(host.id) ?? {};
      const there = machines.filter(({ status }) => status !== 'down');
      memories.set(host.id, { before: new Set(there.map(({ id }) => id)), announced });
      if (machines.length === 0) return;
      const known = new Map((await records.known(machines.map(({ id }) => id))).map((record) => [record.id, record]));
      for (const machine of machines) {
        const record = known.get(machine.id);
        if (record === undefined) continue;
        if (record.host === host.id) take(host.id, machine, moment);
        // The second time: what was under way when the host was asked has come to its end by then.
        else if (machine.status !== 'down' && before.has(machine.id)) await misplaced(host, machine, record, moment, announced);
      }
      await announce(
        host,
        there.filter(({ id }) => !known.has(id)),
        announced,
      );
    },
    keep(hosts) {
      for (const id of memories.keys()) if (!hosts.has(id)) memories.delete(id);
    },
  };
}
