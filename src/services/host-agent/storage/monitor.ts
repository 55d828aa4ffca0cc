import type { Domains } from './domains.ts';
import { codes } from './failures.ts';
import type { Pools } from './pools.ts';
import { VerbFailure } from '../verbs.ts';

/** How a domain does, as `Host.getStats` and `Host.getStorageRepoStats` tell it. */
export interface DomainHealth {
  /** 0, or what is wrong with it. */
  readonly code: number;
  readonly valid: boolean;
  /** Seconds that reading its metadata took. */
  readonly delay: string;
  /** Seconds since that was done. */
  readonly lastCheck: string;
  readonly acquired: boolean;
  readonly actual: boolean;
  readonly version: number;
}

export interface Monitor {
  /** By the ids of domains: all that are active in a pool of this host. */
  health(): Readonly<Record<string, DomainHealth>>;
  start(): void;
  stop(): void;
}

interface Check {
  readonly code: number;
  readonly seconds: number;
  readonly at: number;
  readonly version: number;
}

const everyMs = 10_000;
/** Storage that hangs is told of, and not waited for. */
const hangsAfterMs = 30_000;

/**
 * Makes what looks after domains. It looks at each of them all the time, so that whoever asks does not wait for storage.
 * @param clock milliseconds of a clock that never goes back
 */
export function createMonitor(domains: Domains, pools: Pools, clock: () => number): Monitor {
  const checks = new Map<string, Check>();
  const underWay = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  let isRound = false;

  const look = async (id: string): Promise<void> => {
    const began = clock();
    const put = (code: number, version: number): void => {
      checks.set(id, { code, version, at: clock(), seconds: (clock() - began) / 1000 });
    };
    const hung = setTimeout(() => put(codes['domain access'], -1), hangsAfterMs);
    try {
      put(0, (await domains.read(await domains.find(id))).version);
    } catch (error) {
      put(error instanceof VerbFailure ? error.code : codes['domain access'], -1);
    } finally {
      clearTimeout(hung);
    }
  };

  const round = async (): Promise<void> => {
    const wanted = new Set<string>();
    for (const pool of pools.list()) {
      wanted.add(pool.masterId);
      const master = await pool.master().catch(() => null);
      for (const [id, status] of master?.pool.domains ?? []) if (status === 'Active') wanted.add(id);
      // A master that is away takes the list with it; what was looked after stays so.
      if (master === null) for (const id of checks.keys()) wanted.add(id);
    }
    for (const id of checks.keys()) if (!wanted.has(id)) checks.delete(id);
    for (const id of wanted) {
      if (underWay.has(id)) continue;
      underWay.add(id);
      void look(id).finally(() => underWay.delete(id));
    }
  };

  return {
    health: () =>
      Object.fromEntries(
        [...checks].map(([id, { code, seconds, at, version }]) => [
          id,
          {
            code,
            valid: code === 0,
            delay: seconds.toFixed(6),
            lastCheck: ((clock() - at) / 1000).toFixed(1),
            acquired: code === 0,
            actual: true,
            version,
          },
        ]),
      ),
    start() {
      timer ??= setInterval(() => {
        // A master that hangs holds a round up, and must not hold up one more every time.
        if (isRound) return;
        isRound = true;
        void round().finally(() => (isRound = false));
      }, everyMs);
      timer.unref();
    },
    stop() {
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
  };
}
