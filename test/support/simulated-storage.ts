import { mkdir, mkdtemp, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountName } from '../../src/services/frame/mount-name.ts';
import { HelperRefusal } from '../../src/services/host-agent/helper-door.ts';
import type { Leases } from '../../src/services/host-agent/storage/leases.ts';
import { servedVerbs, testLeases, testStorage, type TestLeases, type TestStorage } from './host-storage.ts';
import type { SimulatedVerb } from './simulated-agent.ts';

/*
 * Storage for agents that are made up: the verbs are those of the real agent, on folders. A server has one folder for each of its exports, which every
 * host can mount; leases are held in memory.
 */

export interface SimulatedStorage {
  /** Where everything lies. */
  readonly folder: string;
  /** Verbs of storage, for all hosts. */
  readonly verbs: Record<string, SimulatedVerb>;
  readonly leases: TestLeases;
  /** Makes an export of a server, and returns where it lies here. */
  offer(source: string): Promise<string>;
  /** Makes a folder that all hosts have, and returns its path. */
  local(name: string): Promise<string>;
  /** Hosts that can mount nothing. */
  barred: Set<string>;
  /** The storage of a host, as its agent has it. */
  of(host: string): Promise<TestStorage>;
  /** The agent of a host is started anew: it takes part in nothing. What the power took is not given back until `leases.lose`. */
  restart(host: string): Promise<void>;
  remove(): Promise<void>;
}

export async function simulatedStorage(): Promise<SimulatedStorage> {
  const folder = await mkdtemp(join(tmpdir(), 'simulated-storage-'));
  const exported = join(folder, 'exports');
  await mkdir(exported);
  const leases = testLeases();
  const hosts = new Map<string, Promise<TestStorage>>();
  const barred = new Set<string>();
  /** A host that is started anew has the number at the storage that it had. */
  const numbered = new Map<string, Leases>();
  let count = 0;

  const make = (host: string): Promise<TestStorage> => {
    const own = join(folder, `${host}-${++count}`);
    const its = numbered.get(host) ?? leases.of();
    numbered.set(host, its);
    return testStorage(own, its, {
      async mount(source) {
        if (barred.has(host)) throw new HelperRefusal(`${source} does not answer`, 500);
        const point = join(own, 'mnt', mountName(source));
        await symlink(join(exported, mountName(source)), point).catch((error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        });
        return point;
      },
      unmount: (source) => unlink(join(own, 'mnt', mountName(source))).catch(() => undefined),
    });
  };
  const of = (host: string): Promise<TestStorage> => {
    const known = hosts.get(host) ?? make(host);
    hosts.set(host, known);
    return known;
  };

  return {
    folder,
    verbs: servedVerbs(Object.keys((await of('nobody')).part.verbs), of),
    leases,
    barred,
    of,
    async offer(source) {
      const path = join(exported, mountName(source));
      await mkdir(path, { recursive: true });
      return path;
    },
    async local(name) {
      const path = join(folder, name);
      await mkdir(path, { recursive: true });
      return path;
    },
    async restart(host) {
      hosts.set(host, make(host));
    },
    async remove() {
      for (const host of hosts.values()) await (await host).part.stop?.();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
