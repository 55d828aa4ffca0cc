import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import type { Turns } from '../../frame/turns.ts';
import { AgentFailure, AgentUnreachable } from '../agents/agent-failure.ts';
import { isRecovering } from '../agents/agent.ts';
import type { Agents } from '../agents/agents.ts';
import { CommandFailure, type Told } from '../commands/command.ts';
import type { Turn } from '../commands/turn.ts';
import { type HostStatus, statusWord } from '../hosts/host-status.ts';
import { readNumber } from '../options.ts';
import { readFiles, readPoolInfo } from './pool-reading.ts';
import { spmState } from './pool-work.ts';
import { domainWent, poolIsProblematic, spaceIsLow, spmIsOn } from './storage-events.ts';
import { domainTypes, poolStatus } from './storage-kinds.ts';
import {
  isAtWork,
  isUp,
  type LedPool,
  type Pool,
  type PoolDomain,
  type PoolHost,
  type Room,
  type StorageRecords,
} from './storage-records.ts';
import { storageStatusNumber } from './storage-status.ts';
import { takeRole } from './take-role.ts';

export interface StorageWatchParts {
  readonly database: Database;
  readonly agents: Agents;
  readonly records: StorageRecords;
  readonly turns: Turns;
  readonly tell: (told: Told) => Promise<void>;
  readonly turn: Turn;
  readonly log: Log;
  readonly now: () => number;
}

const roundMs = 1_000;
/** So often the options are read again, in rounds. */
const optionsEvery = 60;
const answerMs = 30_000;
/** Lists of files are read again after so long, if nobody wants them sooner. */
const filesMs = 5 * 60_000;
/** A domain is taken for away when it was not seen so often in a row. */
const mostMisses = 2;

/** An SPM in one of these is waited for: it may be back in a moment. */
const passing: ReadonlySet<HostStatus> = new Set(['connecting', 'reboot', 'unassigned', 'initializing']);

/** What is remembered of a data center during a turn. */
interface Memory {
  lookAt: number;
  /** Looks in a row that the SPM could not answer. */
  misses: number;
  /** Where the next look for an SPM begins among the hosts. */
  offset: number;
  readonly domains: Map<string, { misses: number; low: 'no' | 'low' | 'critical' }>;
}

/** Watches over the storage of all data centers until the turn is over: who their SPM is, and how their domains are. Fulfilled then. */
export async function startStorageWatch(parts: StorageWatchParts): Promise<void> {
  const { database, agents, records, turns, tell, turn, log, now } = parts;
  const { signal } = turn;
  const asking = { signal, timeoutMs: answerMs };
  const memories = new Map<string, Memory>();
  const running = new Set<Promise<void>>();
  let options: { readonly everyMs: number; readonly attempts: number } | null = null;

  const memoryOf = (pool: string): Memory => {
    const known = memories.get(pool) ?? { lookAt: 0, misses: 0, offset: 0, domains: new Map() };
    memories.set(pool, known);
    return known;
  };

  /** The storage cannot be managed; told once. */
  async function isProblematic(pool: Pool, spm: string | null, why: string): Promise<void> {
    if (pool.status !== poolStatus.nonResponsive) await tell(poolIsProblematic(pool, why));
    if (pool.status !== poolStatus.nonResponsive || pool.spm !== spm)
      await records.setPool(pool.id, { status: poolStatus.nonResponsive, spm });
  }

  /** Looks at a data center, which nobody else works on meanwhile. */
  async function look(id: string, memory: Memory): Promise<void> {
    const pool = await records.pool(id);
    if (pool === null || !isAtWork(pool)) return;
    const hosts = await records.hosts(pool.id);
    const spm = hosts.find((host) => host.id === pool.spm);
    if (spm !== undefined && isUp(spm)) {
      try {
        if ((await spmState(agents.of(spm), pool.id, asking)) === 'SPM') return await update(pool, spm, memory);
      } catch (error) {
        if (error instanceof AgentUnreachable || isRecovering(error)) {
          // Whether the host is lost is found out by whoever watches over hosts. One that has just been started may have the role still.
          if (++memory.misses >= mostMisses) await isProblematic(pool, spm.id, `host ${spm.name}, which manages it, does not answer.`);
          return;
        }
        if (!(error instanceof AgentFailure)) throw error;
      }
    } else if (spm !== undefined && passing.has(statusWord(spm.status))) {
      return isProblematic(pool, spm.id, `host ${spm.name}, which manages it, cannot be reached and is waited for.`);
    }
    await choose(pool, hosts, memory);
  }

  /** Keeps what the SPM tells of the domains. */
  async function update(pool: Pool, spm: PoolHost, memory: Memory): Promise<void> {
    const agent = agents.of(spm);
    let rooms: ReadonlyMap<string, Room>;
    try {
      rooms = readPoolInfo(await agent.call('StoragePool.getInfo', { storagepoolID: pool.id }, asking));
    } catch (error) {
      if (!(error instanceof AgentFailure || error instanceof AgentUnreachable)) throw error;
      if (++memory.misses >= mostMisses)
        await isProblematic(pool, spm.id, `host ${spm.name} cannot read its master domain: ${error.message}.`);
      return;
    }
    memory.misses = 0;
    if (pool.status !== poolStatus.up) {
      await records.setPool(pool.id, { status: poolStatus.up, spm: spm.id });
      await tell(spmIsOn(spm, pool));
    }
    for (const domain of await records.domains(pool.id)) {
      await judge(pool, domain, rooms.get(domain.id) ?? null, memory);
      if (domain.type === domainTypes.iso && domain.status === storageStatusNumber('active')) await listFiles(pool, spm, domain);
    }
  }

  async function judge(pool: Pool, domain: PoolDomain, room: Room | null, memory: Memory): Promise<void> {
    const its = memory.domains.get(domain.id) ?? { misses: 0, low: 'no' as const };
    memory.domains.set(domain.id, its);
    if (room === null) {
      its.misses++;
      if (its.misses >= mostMisses && (await records.setDomain(pool.id, domain.id, ['active', 'unknown'], 'inactive')))
        await tell(domainWent(domain, pool, false));
      return;
    }
    its.misses = 0;
    if (await records.setDomain(pool.id, domain.id, ['inactive', 'unknown'], 'active')) await tell(domainWent(domain, pool, true));
    await records.setRoom(domain.id, room);
    const percent = room.total === 0 ? 100 : (room.free / room.total) * 100;
    const gibibytes = room.free / 1024 ** 3;
    const low =
      domain.type === domainTypes.iso ? 'no' : gibibytes < domain.criticalGiB ? 'critical' : percent < domain.warningPercent ? 'low' : 'no';
    if (low !== 'no' && low !== its.low)
      await tell(spaceIsLow(domain, `${gibibytes.toFixed(1)} GiB, ${percent.toFixed(0)} %`, low === 'critical'));
    its.low = low;
  }

  async function listFiles(pool: Pool, spm: PoolHost, domain: PoolDomain): Promise<void> {
    const { id, name, filesReadAt, filesWanted } = domain;
    if (!filesWanted && filesReadAt !== null && now() - filesReadAt.getTime() < filesMs) return;
    const about = { storageDomain: id, pool: pool.id } as const;
    try {
      const params = { storagedomainID: id, pattern: '*.iso', caseSensitive: false };
      await records.setFiles(id, readFiles(await agents.of(spm).call('StorageDomain.getFileStats', params, asking)));
      const text = `The list of files of storage domain ${name} was read again.`;
      if (filesWanted) await tell({ code: 998, name: 'REFRESH_REPOSITORY_IMAGE_LIST_SUCCEEDED', severity: 0, text, ...about });
    } catch (error) {
      if (!(error instanceof AgentFailure || error instanceof AgentUnreachable)) throw error;
      await records.setFiles(id, error.message);
      const text = `The list of files of storage domain ${name} could not be read: ${error.message}.`;
      await tell({ code: 997, name: 'REFRESH_REPOSITORY_IMAGE_LIST_FAILED', severity: 2, text, ...about });
    }
  }

  /** Makes a host the SPM. The lease on the storage sees to it that there are never two. */
  async function choose(pool: LedPool, hosts: readonly PoolHost[], memory: Memory): Promise<void> {
    const candidates = hosts.filter((host) => isUp(host) && host.priority >= 0 && agents.of(host).connected);
    if (candidates.length === 0) return isProblematic(pool, pool.spm, 'no host is up that may manage it.');
    if (pool.status === poolStatus.up) await records.setPool(pool.id, { status: poolStatus.contend, spm: pool.spm });
    const start = memory.offset % candidates.length;
    const inTurn = [...candidates.slice(start), ...candidates.slice(0, start)];
    // Whoever had the role last may have it still, or is just taking it.
    const isLast = ({ id }: PoolHost): boolean => id === pool.spm;
    const tried = [...inTurn.filter(isLast), ...inTurn.filter((host) => !isLast(host))].slice(0, options?.attempts ?? 3);
    memory.offset += tried.length;
    let why = '';
    for (const host of tried) {
      try {
        await takeRole(parts, pool, host, { signal });
        await records.setPool(pool.id, { status: poolStatus.up, spm: host.id });
        await tell(spmIsOn(host, pool));
        memory.offset = 0;
        memory.lookAt = 0;
        return;
      } catch (error) {
        if (signal.aborted || !(error instanceof AgentFailure || error instanceof AgentUnreachable || error instanceof CommandFailure))
          throw error;
        why = `${host.name}: ${error.message}`;
        log.warning('a host did not become the storage pool manager', { pool: pool.name, host: host.name, ...errorFields(error) });
      }
    }
    await isProblematic(pool, pool.spm, `no host could take it over; the last that was tried was ${why.replace(/\.?$/, '.')}`);
  }

  async function round(): Promise<void> {
    const pools = (await records.pools()).filter(isAtWork);
    const wanted = await database.query<{ pool: string }>(
      `select distinct m.storage_pool_id as pool from storage_domain_dynamic d join storage_pool_iso_map m on m.storage_id = d.id
       where d.files_wanted_at > coalesce(d.files_read_at, '-infinity')`,
    );
    for (const id of memories.keys()) if (!pools.some((pool) => pool.id === id)) memories.delete(id);
    for (const { id, name } of pools) {
      const memory = memoryOf(id);
      const isDue = now() >= memory.lookAt || wanted.some(({ pool }) => pool === id);
      if (!isDue || turns.isTaken(id)) continue;
      memory.lookAt = now() + (options?.everyMs ?? 10_000);
      const run = turns
        .take([id], () => look(id, memory))
        .catch((error: unknown) => {
          if (!signal.aborted) log.warning('the storage of a data center could not be looked after', { pool: name, ...errorFields(error) });
        })
        .finally(() => running.delete(run));
      running.add(run);
    }
  }

  let failing = false;
  for (let count = 0; !signal.aborted; count++) {
    try {
      if (options === null || count % optionsEvery === 0) {
        const [seconds, attempts] = await Promise.all([
          readNumber(database, 'StoragePoolRefreshTimeInSeconds'),
          readNumber(database, 'SPMFailOverAttempts'),
        ]);
        options = { everyMs: seconds * 1_000, attempts };
      }
      await round();
      failing = false;
    } catch (error) {
      if (!failing) log.warning('storage cannot be watched', errorFields(error));
      failing = true;
    }
    await sleep(roundMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  await Promise.allSettled(running);
}
