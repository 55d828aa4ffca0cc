import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import { AgentUnreachable } from '../agents/agent-failure.ts';
import type { Agents } from '../agents/agents.ts';
import type { Turn } from '../commands/turn.ts';
import { examine } from '../hosts/examine.ts';
import { detected, nonOperational } from '../hosts/host-commands.ts';
import type { HostRecord, HostRecords } from '../hosts/host-records.ts';
import { type HostStatus, reasons, statusWord } from '../hosts/host-status.ts';
import type { MachineRecord } from '../machines/machine-records.ts';
import { readNumber } from '../options.ts';
import type { HostStorage } from '../storage/host-storage.ts';
import { type HostStatistics, readStatistics } from './host-statistics.ts';
import { deedFor, graceOf, isAtRest, isWatched, type Patience, type Seen } from './host-watch.ts';
import type { MachineWatch } from './machine-watch.ts';
import { storeStatistics } from './statistics-store.ts';

export interface MonitoringParts {
  readonly database: Database;
  readonly agents: Agents;
  readonly records: HostRecords;
  readonly storage: HostStorage;
  /** What watches over their virtual machines. */
  readonly machines: MachineWatch;
  readonly turn: Turn;
  readonly log: Log;
  readonly now: () => number;
}

/** How often hosts are looked through, and what they have told is stored, in milliseconds. */
const roundMs = 1_000;
/** So often the options are read again, in rounds. */
const optionsEvery = 60;
/** A host that is seen for the first time is asked within so much time. */
const soonMs = 4_000;
/** A host that could not be looked at, since its agent has just been started for instance, is looked at again after so long. */
const againMs = 2_000;
/** An agent that says something but does not answer is taken for one that is gone. */
const answerMs = 15_000;
/** A clock that is further off is told of. */
const mostDriftMs = 5 * 60_000;

interface Rhythm extends Patience {
  readonly statisticsMs: number;
  readonly retryMs: number;
}

async function rhythmOf(database: Database): Promise<Rhythm> {
  const [statistics, retry, grace, more] = await Promise.all(
    ['VdsStatisticsInSeconds', 'NonOperationalRetryInSeconds', 'TimeoutToResetVdsInSeconds', 'DelayResetPerVmInSeconds'].map((name) =>
      readNumber(database, name),
    ),
  );
  const ms = (seconds: number | undefined): number => (seconds ?? 60) * 1_000;
  return { statisticsMs: ms(statistics), retryMs: ms(retry), graceMs: ms(grace), graceForMachineMs: ms(more) };
}

/** What is remembered of a host during a turn. */
interface Memory extends Seen {
  reachable: boolean | undefined;
  statisticsAt: number;
  examinationAt: number;
  /** Why it cannot be reached. */
  reason: string;
  /** Something is being done about it. */
  busy: boolean;
  drifts: boolean;
  /** It has not told any statistics yet. */
  isNew: boolean;
  /** Its agent has come since it was seen to take part in the storage of its data center: it may have been started anew. */
  isBack: boolean;
}

/** Watches over all hosts until the turn is over; fulfilled then. */
export async function startMonitoring({ database, agents, records, storage, machines, turn, log, now }: MonitoringParts): Promise<void> {
  const { signal } = turn;
  const memories = new Map<string, Memory>();
  const told: HostStatistics[] = [];
  const running = new Set<Promise<void>>();
  let rhythm: Rhythm | null = null;

  const memoryOf = (host: string): Memory => {
    const known = memories.get(host);
    if (known !== undefined) return known;
    // Not all at the same moment, but soon: nobody knows yet how they are.
    const statisticsAt = now() + Math.random() * Math.min(soonMs, rhythm?.statisticsMs ?? soonMs);
    const fresh: Memory = {
      reachable: undefined,
      statisticsAt,
      examinationAt: 0,
      reason: '',
      busy: false,
      drifts: false,
      isNew: true,
      isBack: true,
    };
    memories.set(host, fresh);
    return fresh;
  };

  agents.listen({
    event: machines.event,
    changed(host, connected, reason) {
      const memory = memoryOf(host);
      if (memory.reachable !== connected) log.info(connected ? 'an agent is connected' : 'an agent is not connected', { host, reason });
      memory.reachable = connected;
      memory.reason = reason;
      if (connected) {
        memory.examinationAt = 0;
        memory.isBack = true;
      }
    },
  });

  /** Does something about a host, one thing at a time. */
  function busy(host: HostRecord, memory: Memory, work: () => Promise<void>): void {
    memory.busy = true;
    const run = work()
      .catch((error: unknown) => {
        if (signal.aborted) return;
        if (error instanceof AgentUnreachable && agents.of(host).connected) {
          memory.reachable = false;
          memory.reason = error.message;
        }
        log.warning('a host could not be looked after', { host: host.name, ...errorFields(error) });
      })
      .finally(() => {
        memory.busy = false;
        running.delete(run);
      });
    running.add(run);
  }

  /** Asks a host how it is, and how its machines are. */
  async function ask(host: HostRecord, memory: Memory, expected: readonly MachineRecord[]): Promise<void> {
    const asked = await Promise.allSettled([takeStatistics(host, memory), machines.look(host, expected)]);
    const failed = asked.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async function takeStatistics(host: HostRecord, memory: Memory): Promise<void> {
    const statistics = readStatistics(host.id, await agents.of(host).call('Host.getStats', {}, { timeoutMs: answerMs, signal }));
    told.push(statistics);
    const driftMs = statistics.clock === null ? 0 : Math.abs(statistics.clock - now());
    const drifts = driftMs > mostDriftMs;
    if (drifts && !memory.drifts) {
      await records.tell({
        ...{ code: 604, name: 'VDS_TIME_DRIFT_ALERT', severity: 10, host: host.id },
        text: `The clock of host ${host.name} differs from that of the engine by ${Math.round(driftMs / 60_000)} minutes. Have both follow the same time servers.`,
      });
    }
    memory.drifts = drifts;
  }

  /** A host that was away, or not fit, is looked at anew. One that does not fit is left alone for a while then. */
  async function look(host: HostRecord, memory: Memory, retryMs: number): Promise<void> {
    const agent = agents.of(host);
    memory.examinationAt = now() + againMs;
    await agent.call('Host.ping2', {}, { timeoutMs: answerMs, signal });
    const unfit =
      (await examine({ agent, host, records, complete: false, signal })) ?? (await storage.connect({ host, agent }, { signal }));
    memory.examinationAt = now() + retryMs;
    const from: readonly HostStatus[] = [statusWord(host.status)];
    if (unfit === null) await records.change({ host: host.id, from, to: 'up', reason: reasons.none, told: detected(host, 'Up') });
    else if (statusWord(host.status) !== 'non_operational' || host.reason !== unfit.reason) {
      await records.change({ host: host.id, from, to: 'non_operational', reason: unfit.reason, told: nonOperational(host, unfit) });
    }
  }

  /** One whose agent was started anew while it was up is connected to storage again. */
  async function equip(host: HostRecord, memory: Memory): Promise<void> {
    const unfit = await storage.keep({ host, agent: agents.of(host) }, { signal });
    memory.isBack = false;
    if (unfit !== null)
      await records.change({ host: host.id, from: ['up'], to: 'non_operational', reason: unfit.reason, told: nonOperational(host, unfit) });
  }

  async function loseSight(host: HostRecord, memory: Memory, patience: Patience): Promise<void> {
    const seconds = Math.round(graceOf(host, patience) / 1_000);
    await records.change({
      ...{ host: host.id, from: [statusWord(host.status)], to: 'connecting' },
      told: {
        ...{ code: 9008, name: 'VDS_HOST_NOT_RESPONDING_CONNECTING', severity: 1, host: host.id },
        text: `Host ${host.name} cannot be reached and is waited for, ${seconds} seconds at most: ${memory.reason}.`,
      },
    });
  }

  async function giveUp(host: HostRecord, memory: Memory): Promise<void> {
    await records.change({
      ...{ host: host.id, from: [statusWord(host.status)], to: 'non_responsive' },
      told: {
        ...{ code: 12, name: 'VDS_FAILURE', severity: 2, host: host.id },
        text: `Host ${host.name} is non responsive: ${memory.reason}.`,
      },
    });
  }

  async function round(patience: Rhythm): Promise<void> {
    const hosts = await records.all();
    const isDue = (host: HostRecord): boolean => {
      const memory = memories.get(host.id);
      return memory?.busy === false && deedFor(host, memory, patience, now()) === 'statistics';
    };
    // Before they are asked: what has been started since is not missed.
    const isAsked = new Set(hosts.filter(isDue).map(({ id }) => id));
    const expected = await machines.expected([...isAsked]);
    const alive = agents.keep(new Set(hosts.filter(({ status }) => !isAtRest(status)).map(({ id }) => id)));
    for (const id of memories.keys()) if (!alive.has(id)) memories.delete(id);
    for (const host of hosts) {
      if (!isWatched(host.status)) continue;
      agents.of(host);
      const memory = memoryOf(host.id);
      const deed = memory.busy ? 'nothing' : deedFor(host, memory, patience, now());
      if (memory.isBack && memory.reachable === true && !memory.busy && !host.locked && statusWord(host.status) === 'up')
        busy(host, memory, () => equip(host, memory));
      // What has become due meanwhile waits for the next round.
      else if (deed === 'statistics' && isAsked.has(host.id)) {
        // Those that began together spread over the time between two rounds.
        memory.statisticsAt = now() + patience.statisticsMs * (memory.isNew ? 0.3 + Math.random() * 0.7 : 1);
        memory.isNew = false;
        busy(host, memory, () => ask(host, memory, expected.get(host.id) ?? []));
      } else if (deed === 'examine') busy(host, memory, () => look(host, memory, patience.retryMs));
      else if (deed === 'lost') busy(host, memory, () => loseSight(host, memory, patience));
      else if (deed === 'given up') busy(host, memory, () => giveUp(host, memory));
      // One that hangs is asked again: it may have come to.
      else if (memory.reachable === false && !memory.busy && agents.of(host).connected) busy(host, memory, () => probe(host, memory));
    }
    await storeStatistics(database, turn.generation, told.splice(0));
    await machines.round(hosts);
  }

  async function probe(host: HostRecord, memory: Memory): Promise<void> {
    await agents.of(host).call('Host.ping2', {}, { timeoutMs: answerMs, signal });
    memory.reachable = true;
    memory.examinationAt = 0;
  }

  let failing = false;
  for (let count = 0; !signal.aborted; count++) {
    try {
      if (rhythm === null || count % optionsEvery === 0) rhythm = await rhythmOf(database);
      await round(rhythm);
      failing = false;
    } catch (error) {
      // Said once: a database that is away for an hour does not need thousands of lines.
      if (!failing) log.warning('hosts cannot be watched', errorFields(error));
      failing = true;
    }
    await sleep(roundMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  await Promise.allSettled(running);
  await machines.idle();
}
