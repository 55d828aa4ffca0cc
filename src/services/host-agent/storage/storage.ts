import type { Log } from '../../frame/log.ts';
import type { Part } from '../verbs.ts';
import { createConnections } from './connections.ts';
import { createDomains } from './domains.ts';
import { domainVerbs } from './domain-verbs.ts';
import type { HelperDoor } from './helper-door.ts';
import type { Leases } from './leases.ts';
import { createMonitor, type DomainHealth } from './monitor.ts';
import { createPoolDomains } from './pool-domains.ts';
import { poolVerbs } from './pool-verbs.ts';
import { createPools } from './pools.ts';
import { createPreparedImages } from './prepared-images.ts';
import { createQemuImg } from './qemu-img.ts';
import type { StorageSettings } from './settings.ts';
import { createStartTasks } from './start-tasks.ts';
import { taskVerbs } from './task-verbs.ts';
import { ticketVerbs } from './ticket-verbs.ts';
import { createTurns } from './turns.ts';
import { volumeVerbs } from './volume-verbs.ts';
import { volumeWorks } from './volume-works.ts';

/** The agent's part that looks after storage, and what other parts need of it. */
export interface StoragePart extends Part {
  /** How the active domains do, for the statistics of the host. */
  domainHealth(): Readonly<Record<string, DomainHealth>>;
  /** Whether a path is one of an image that was prepared on this host, or of one that such an image stands on. */
  isPrepared(path: string): boolean;
}

export interface StorageParts {
  readonly settings: StorageSettings;
  readonly helper: HelperDoor;
  readonly leases: Leases;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

/** Makes the part of the agent that looks after storage. */
export function createStorage({ settings, helper, leases, log, now, clock }: StorageParts): StoragePart {
  const domains = createDomains(settings, leases);
  const connections = createConnections(settings, helper, log);
  const qemuImg = createQemuImg(settings.qemuImg);
  const turns = createTurns();
  const seconds = (): number => Math.floor(now() / 1000);
  const pools = createPools({
    settings,
    domains,
    leases,
    log,
    works: (pool) => volumeWorks({ domain: (id) => pool.activeDomain(id), qemuImg, turns, now: seconds }),
  });
  const prepared = createPreparedImages();
  const starts = createStartTasks();
  const monitor = createMonitor(domains, pools, clock);

  return {
    verbs: {
      ...poolVerbs({ connections, domains, pools, leases, starts }),
      ...domainVerbs({ domains, pools, poolDomains: createPoolDomains(domains) }),
      ...volumeVerbs({ domains, pools, qemuImg, prepared }),
      ...taskVerbs({ pools, starts }),
      ...ticketVerbs(settings.ticketSocket),
      'Host.getStorageRepoStats': () => monitor.health(),
    },
    async start() {
      monitor.start();
    },
    async stop() {
      monitor.stop();
      await pools.stop();
    },
    domainHealth: () => monitor.health(),
    isPrepared: (path) => prepared.has(path),
  };
}
