import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import type { Agents } from '../agents/agents.ts';
import type { Unknown } from '../agents/hostile.ts';
import type { Told } from '../commands/command.ts';
import type { Turn } from '../commands/turn.ts';
import type { HostRecord } from '../hosts/host-records.ts';
import { statusNumber } from '../hosts/host-status.ts';
import type { MachineRecord, MachineRecords } from '../machines/machine-records.ts';
import type { MachineStatus } from '../machines/machine-status.ts';
import type { MachineTurns, Moment } from '../machines/machine-turns.ts';
import { agentOf, destroy, statusOnHost } from '../machines/on-host.ts';
import { readEvent, readMachines, type SeenMachine } from './machine-statistics.ts';
import { createMachineStore, type ToldMachine } from './machine-store.ts';
import { createStrangers } from './strangers.ts';

export interface MachineWatchParts {
  readonly database: Database;
  readonly agents: Agents;
  readonly records: MachineRecords;
  readonly turns: MachineTurns;
  readonly tell: (told: Told) => Promise<void>;
  readonly turn: Turn;
  readonly log: Log;
}

/** Watches over virtual machines, by what their hosts tell. */
export interface MachineWatch {
  /** An event of a host. */
  event(host: string, name: string, params: Unknown): void;
  /** Machines that hosts are expected to tell of, by hosts; to be had before they are asked. */
  expected(hosts: readonly string[]): Promise<ReadonlyMap<string, readonly MachineRecord[]>>;
  /** Asks a host for all its machines, and takes in what it says. Throws AgentFailure and AgentUnreachable. */
  look(host: HostRecord, expected: readonly MachineRecord[]): Promise<void>;
  /** Stores what was told, and looks after machines whose hosts are lost. To be done again and again. */
  round(hosts: readonly HostRecord[]): Promise<void>;
  /** Fulfilled when nothing is under way any more. */
  idle(): Promise<void>;
}

const answerMs = 15_000;
/** So often what is promised to machines is added up, in rounds. */
const commitEvery = 5;
/** So often machines are forgotten of which nothing was told since the last time, in rounds: half an hour. */
const ageEvery = 1_800;
/** Events of a host that may wait; what is dropped beyond that is found out when it is asked next. */
const mostEvents = 500;

/** Statuses in which a machine may have come to displays that it did not have. */
const fresh: readonly MachineStatus[] = ['up', 'powering_up', 'paused'];

type Sight = Pick<SeenMachine, 'id' | 'status' | 'pause' | 'exit'>;

export function createMachineWatch(parts: MachineWatchParts): MachineWatch {
  const { database, agents, records, turns, tell, turn, log } = parts;
  const { signal } = turn;
  const store = createMachineStore(database, turn.generation);
  const strangers = createStrangers({ records, tell, take: (...all) => void take(...all), adopted });
  const told = new Map<string, ToldMachine>();
  /** Events that wait, by hosts. */
  const waiting = new Map<string, number>();
  const running = new Set<Promise<void>>();
  let rounds = 0;

  /** Does something with a machine after all that is being done with it. */
  function behind(machine: string, work: () => Promise<void>): Promise<void> {
    const run = turns
      .within(machine, work)
      .catch((error: unknown) => {
        if (!signal.aborted) log.warning('a virtual machine could not be looked after', { vm: machine, ...errorFields(error) });
      })
      .finally(() => running.delete(run));
    running.add(run);
    return run;
  }

  /** Something new of a machine is stored. */
  function news(machine: string): void {
    store.forget(machine);
    turns.publish(machine);
  }
  function adopted(machine: string, moment: Moment): void {
    if (!turns.isOvertaken(machine, moment)) news(machine);
  }

  /** Takes in what a host says of one of its machines, as of a moment. */
  async function take(host: string, seen: Sight, moment: Moment): Promise<void> {
    const { id, status, exit } = seen;
    if (status === null) return;
    await behind(id, async () => {
      if (turns.isOvertaken(id, moment)) return;
      const machine = await records.find(id);
      // Of what runs elsewhere, or nowhere, only whole lists tell.
      if (machine?.host !== host) return;
      // Only now: what one host says of machines of another, or of some that it makes up, overtakes nothing.
      turns.overtake(id, moment);
      if (status === 'down') return ended(machine, host, exit);
      if (status === machine.status) return;
      // Why it is paused stands in no event.
      const [why] = status === 'paused' && seen.pause === null ? await details(machine) : [];
      const pause = status === 'paused' ? (seen.pause ?? why?.pause ?? null) : null;
      if (!(await records.change(id, host, status, pause, pause === null ? undefined : paused(machine, host, pause)))) return;
      news(id);
      if (fresh.includes(status)) await learn(machine, host);
    });
  }

  /** Learns what a machine uses and has, at once: where its displays are cannot wait for the next round. */
  async function learn(machine: MachineRecord, host: string): Promise<void> {
    const [detail] = await details(machine);
    if (detail?.id === machine.id && detail.status !== 'down') told.set(machine.id, { machine: machine.id, host, usage: detail.usage });
  }

  /** What a host says of one machine. Nothing if it does not answer. */
  async function details(machine: MachineRecord): Promise<readonly SeenMachine[]> {
    const call = agentOf(agents, machine).call('VM.getStats', { vmID: machine.id }, { timeoutMs: answerMs, signal });
    return call.then(readMachines).then(
      (list) => list ?? [],
      () => [],
    );
  }

  /** A machine has ended: its host lets go of it, and only then may it be started again. */
  async function ended(machine: MachineRecord, host: string, exit: SeenMachine['exit']): Promise<void> {
    const agent = agentOf(agents, machine);
    const there = await statusOnHost(agent, machine.id, { signal });
    if (there !== null && there !== 'Down') return;
    if (there === 'Down') await destroy(agent, machine.id, { signal }, 0);
    const { failed, reason, message } = exit;
    const text = `Virtual machine ${machine.name} is down${failed ? ' with an error' : ''}: ${message}.`;
    const kind = failed
      ? ({ code: 119, name: 'VM_DOWN_ERROR', severity: 2 } as const)
      : ({ code: 61, name: 'VM_DOWN', severity: 0 } as const);
    await records.end(machine.id, host, machine.since, { reason, message, told: { ...kind, text, machine: machine.id, host } });
    news(machine.id);
  }

  /** A host does not tell of a machine that was there before it was asked. */
  function missing(machine: MachineRecord, host: string, moment: Moment): void {
    const { id, name } = machine;
    void behind(id, async () => {
      if (turns.isOvertaken(id, moment)) return;
      if ((await statusOnHost(agentOf(agents, machine), id, { signal })) !== null) return;
      const message = `Host ${machine.hostName} does not run it any more`;
      await records.end(id, host, machine.since, {
        ...{ reason: 9, message },
        told: {
          ...{ code: 119, name: 'VM_DOWN_ERROR', severity: 2, machine: id, host },
          text: `Virtual machine ${name} is down with an error: ${message}.`,
        },
      });
      news(id);
    });
  }

  return {
    event(host, name, params) {
      const seen = readEvent(name, params);
      const before = waiting.get(host) ?? 0;
      if (seen === null || before >= mostEvents) return;
      waiting.set(host, before + 1);
      void take(host, seen, turns.now()).finally(() => {
        const left = (waiting.get(host) ?? 1) - 1;
        if (left > 0) waiting.set(host, left);
        else waiting.delete(host);
      });
    },

    async expected(hosts) {
      return Map.groupBy(hosts.length === 0 ? [] : await records.on(hosts), ({ host }) => host ?? '');
    },

    async look(host, expected) {
      const moment = turns.now();
      const seen = readMachines(await agents.of(host).call('Host.getAllVmStats', {}, { timeoutMs: answerMs, signal }));
      if (seen === null) throw new Error('what the host says of its virtual machines is no list of them');
      const left = new Map(expected.map((machine) => [machine.id, machine]));
      const others: SeenMachine[] = [];
      for (const machine of seen) {
        const known = left.get(machine.id);
        if (known === undefined) others.push(machine);
        else {
          left.delete(machine.id);
          if (machine.status !== 'down') told.set(machine.id, { machine: machine.id, host: host.id, usage: machine.usage });
          if (machine.status !== known.status) void take(host.id, machine, moment);
        }
      }
      for (const machine of left.values()) missing(machine, host.id, moment);
      await strangers.look(host, others, moment);
    },

    async round(hosts) {
      strangers.keep(new Set(hosts.map(({ id }) => id)));
      if (hosts.some(({ status }) => status === statusNumber('non_responsive'))) await records.doubtAll();
      if (rounds % commitEvery === 0) await records.commit();
      if (++rounds % ageEvery === 0) {
        store.age();
        turns.age();
      }
      const all = [...told.values()];
      told.clear();
      await store.store(all);
    },

    async idle() {
      await Promise.allSettled(running);
    },
  };
}

const pauses: Readonly<Record<string, readonly [code: number, name: string, why: string]>> = {
  ENOSPC: [138, 'VM_PAUSED_ENOSPC', 'there is no room left on its storage'],
  EIO: [145, 'VM_PAUSED_EIO', 'its storage could not be read or written'],
  EPERM: [146, 'VM_PAUSED_EPERM', 'its storage may not be written'],
};

function paused({ id, name }: MachineRecord, host: string, pause: string): Told {
  const [code, event, why] = pauses[pause] ?? [139, 'VM_PAUSED_ERROR', `its storage has met the error ${pause}`];
  return { ...{ code, name: event, severity: 2, machine: id, host }, text: `Virtual machine ${name} is paused: ${why}.` };
}
