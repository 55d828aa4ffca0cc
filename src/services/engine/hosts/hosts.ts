import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import { createTurns } from '../../frame/turns.ts';
import { usualTimes, type AgentTimes } from '../agents/agent.ts';
import { AgentUnreachable } from '../agents/agent-failure.ts';
import { agentContext, type AgentFiles, type Agents, type AskHost, createAgents } from '../agents/agents.ts';
import { createRunner, type Runner } from '../commands/runner.ts';
import { takeTurns, type Turn } from '../commands/turn.ts';
import { diskWork } from '../disks/disk-work.ts';
import { machineCommands } from '../machines/machine-commands.ts';
import { createMachineRecords } from '../machines/machine-records.ts';
import { createMachineTurns } from '../machines/machine-turns.ts';
import { createMachineWatch } from '../monitoring/machine-watch.ts';
import { startMonitoring } from '../monitoring/monitoring.ts';
import { readNumber } from '../options.ts';
import type { HostDeployment } from '../host-deploy/host-deployment.ts';
import { createHostStorage } from '../storage/host-storage.ts';
import { createSpm } from '../storage/spm.ts';
import { storageCommands } from '../storage/storage-commands.ts';
import { createStorageRecords } from '../storage/storage-records.ts';
import { startStorageWatch } from '../storage/storage-watch.ts';
import { hostCommands } from './host-commands.ts';
import { createHostRecords } from './host-records.ts';
import { installHost } from './install-host.ts';
import type { Secrets } from './secrets.ts';

export interface HostsParts {
  readonly database: Database;
  /** A database with one single connection. */
  readonly session: Database;
  readonly files: AgentFiles;
  /** How machines are made hosts. */
  readonly deployment: HostDeployment;
  readonly secrets: Secrets;
  /** Where the image proxy takes tickets; null where there is none. */
  readonly imageProxySocket: string | null;
  readonly log: Log;
  readonly now: () => number;
}

/** What works on hosts and commands, while it is this engine's turn. */
export interface Hosts {
  /** A command has begun. */
  wake(): void;
  /** Asks a host what somebody who waits for the answer wants. */
  readonly ask: AskHost;
  close(): Promise<void>;
}

const lookEveryMs = 5_000;

/** Times of agents, by the options; null if the turn is over before they can be read. */
async function timesOf(database: Database, log: Log, signal: AbortSignal): Promise<AgentTimes | null> {
  while (!signal.aborted) {
    try {
      const [connect, call, heartbeat] = await Promise.all(
        ['vdsConnectionTimeout', 'vdsTimeout', 'vdsHeartbeatInSeconds'].map((name) => readNumber(database, name)),
      );
      return { ...usualTimes, connectMs: (connect ?? 20) * 1_000, callMs: (call ?? 180) * 1_000, heartbeatMs: (heartbeat ?? 30) * 1_000 };
    } catch (error) {
      log.warning('the options of hosts cannot be read', errorFields(error));
    }
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

/** Works on hosts and commands whenever it is this engine's turn. Throws when the engine's own certificate or key cannot be read. */
export async function startHosts({
  database,
  session,
  files,
  deployment,
  secrets,
  imageProxySocket,
  log,
  now,
}: HostsParts): Promise<Hosts> {
  const context = await agentContext(files);
  let runner: Runner | null = null;
  let reached: Agents | null = null;
  let working: Promise<void> = Promise.resolve();

  async function work(turn: Turn): Promise<void> {
    const times = await timesOf(database, log, turn.signal);
    if (times === null) return;
    const agents = createAgents(context, times);
    reached = agents;
    const records = createHostRecords(database, turn.generation, now);
    const [pools, spm, poolTurns] = [createStorageRecords(database, turn.generation, now), createSpm({ database, agents }), createTurns()];
    const storage = createHostStorage(pools, poolTurns);
    const machines = { agents, records: createMachineRecords(database, turn.generation, now), turns: createMachineTurns(), now };
    const commands = hostCommands({ agents, records, storage });
    const types = {
      ...commands,
      ...storageCommands({ agents, records: pools, spm, turns: poolTurns }),
      ...machineCommands(machines),
      InstallHost: installHost({ deployment, secrets, records, activation: commands.ActivateHost }),
      ...diskWork({ database, agents, spm, generation: turn.generation, proxySocket: imageProxySocket, log }),
    };
    const mine = createRunner({ database, types, turn, log, now });
    const watch = createMachineWatch({ ...machines, database, tell: records.tell, turn, log });
    const watching = [
      startMonitoring({ database, agents, records, storage, machines: watch, turn, log, now }),
      startStorageWatch({ database, agents, records: pools, turns: poolTurns, tell: records.tell, turn, log, now }),
    ];
    runner = mine;
    mine.wake();
    // Commands may be begun by an engine that waits for its turn.
    const looking = setInterval(mine.wake, lookEveryMs).unref();
    await new Promise((resolve) => turn.signal.addEventListener('abort', resolve, { once: true }));
    [runner, reached] = [null, null];
    clearInterval(looking);
    agents.close();
    await Promise.allSettled([mine.idle(), ...watching]);
  }

  const end = takeTurns({
    session,
    log,
    begin: (turn) => {
      // The next turn begins when what was under way in the last one has stopped.
      working = working
        .then(() => (turn.signal.aborted ? undefined : work(turn)))
        .catch((error: unknown) => {
          log.error('hosts are not worked on', errorFields(error));
        });
    },
  });
  return {
    wake: () => runner?.wake(),
    async ask(host, method, params, options) {
      if (reached === null) throw new AgentUnreachable('another engine works on hosts, or none does yet');
      return reached.of(host).call(method, params, options);
    },
    async close() {
      await end();
      await working;
    },
  };
}
