import type { Log } from '../../frame/log.ts';
import { createTurns } from '../../frame/turns.ts';
import type { PartParts } from '../agent.ts';
import type { Part } from '../verbs.ts';
import { createConnections } from './connections.ts';
import { createDomains } from './domains.ts';
import { domainVerbs } from './domain-verbs.ts';
import { helperDoor, type HelperDoor } from '../helper-door.ts';
import type { Leases } from './leases.ts';
import { forwardWorks } from './forward-works.ts';
import { makingWorks } from './making-works.ts';
import { createMonitor } from './monitor.ts';
import { createPoolDomains } from './pool-domains.ts';
import { poolVerbs } from './pool-verbs.ts';
import { createPools } from './pools.ts';
import { createNbdServers } from './nbd-servers.ts';
import { nbdVerbs } from './nbd-verbs.ts';
import { createQemuImg } from './qemu-img.ts';
import { readStorageSettings, type StorageSettings } from './settings.ts';
import { sanlockLeases } from './sanlock.ts';
import { createStartTasks } from './start-tasks.ts';
import { taskVerbs } from './task-verbs.ts';
import { ticketVerbs } from './ticket-verbs.ts';
import { volumeVerbs } from './volume-verbs.ts';

export interface StorageParts {
  readonly settings: StorageSettings;
  readonly helper: Pick<HelperDoor, 'mount' | 'unmount'>;
  readonly leases: Leases;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

/** Makes the part of the agent that looks after storage. */
export function createStorage({ settings, helper, leases, log, now, clock }: StorageParts): Part {
  const domains = createDomains(settings, leases);
  const connections = createConnections(settings, helper, log);
  const qemuImg = createQemuImg(settings.qemuImg);
  const turns = createTurns();
  const servers = createNbdServers(settings.qemuNbd, settings.nbdFolder);
  const seconds = (): number => Math.floor(now() / 1000);
  const pools = createPools({
    settings,
    domains,
    leases,
    log,
    works(pool) {
      const work = { domain: (id: string) => pool.activeDomain(id), qemuImg, turns, now: seconds };
      return { ...makingWorks(work), ...forwardWorks(work) };
    },
  });
  const seenAt = (pool: string, domain: string): string => `${settings.poolFolder}/${pool}/${domain}`;
  const starts = createStartTasks();
  const monitor = createMonitor(domains, pools, clock);

  return {
    verbs: {
      ...poolVerbs({ connections, domains, pools, leases, starts, seenAt }),
      ...domainVerbs({ domains, pools, poolDomains: createPoolDomains(domains) }),
      ...volumeVerbs({ domains, pools, qemuImg, turns, seenAt }),
      ...taskVerbs({ pools, starts }),
      ...ticketVerbs(settings.ticketSocket),
      ...nbdVerbs({ domains, servers, qemuImg, turns }),
      'Host.getStorageRepoStats': () => monitor.health(),
    },
    async start() {
      await servers.sweep();
      monitor.start();
    },
    async stop() {
      monitor.stop();
      await servers.stopAll();
      await pools.stop();
    },
  };
}

/** The same as the configuration of the agent has it. Throws ConfigError naming the key and its line. */
export function storagePart({ config, log, now, clock }: Pick<PartParts, 'config' | 'log' | 'now' | 'clock'>): Part {
  const settings = readStorageSettings(config);
  return createStorage({ settings, helper: helperDoor(settings.helperSocket), leases: sanlockLeases(settings), log, now, clock });
}
