import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HelperDoor } from '../../src/services/host-agent/helper-door.ts';
import { failure } from '../../src/services/host-agent/storage/failures.ts';
import type { HeldLease, Leases } from '../../src/services/host-agent/storage/leases.ts';
import { createStorage } from '../../src/services/host-agent/storage/storage.ts';
import type { StorageSettings } from '../../src/services/host-agent/storage/settings.ts';
import type { TaskStatus } from '../../src/services/host-agent/storage/tasks.ts';
import { type Part, readParams, VerbFailure } from '../../src/services/host-agent/verbs.ts';
import { createMask } from '../../src/services/frame/mask.ts';
import { createLog } from '../../src/services/frame/log.ts';
import { SimulatedFailure, type SimulatedVerb } from './simulated-agent.ts';

/** Leases as several hosts of a test share them, without the daemon that keeps real ones. */
export interface TestLeases {
  /** The leases as one host sees them. */
  readonly of: () => Leases;
  /** Takes the role away from whoever has it, and its place among the hosts, as if its storage had been away for too long. */
  lose(domain: string): void;
}

/** Makes leases that are held in memory. */
export function testLeases(): TestLeases {
  const held = new Map<string, { hostId: number; version: number; holder: object | null; lose: () => void }>();
  const places = new Map<string, object>();
  return {
    of() {
      const host = {};
      const numbers = new Map<string, number>();
      return {
        format: async () => undefined,
        async join({ domain }, hostId) {
          const owner = places.get(`${domain}:${hostId}`) ?? host;
          if (owner !== host) throw failure('host id', `Host id ${hostId} is taken`);
          places.set(`${domain}:${hostId}`, host);
          numbers.set(domain, hostId);
        },
        async leave({ domain }, hostId) {
          if (places.get(`${domain}:${hostId}`) === host) places.delete(`${domain}:${hostId}`);
          numbers.delete(domain);
        },
        leaveEverywhere: async () => undefined,
        async acquire({ domain }): Promise<HeldLease> {
          const hostId = numbers.get(domain);
          if (hostId === undefined) throw failure('lease', 'This host has no number');
          const before = held.get(domain);
          if ((before?.holder ?? null) !== null) throw failure('lease', 'Another host has the role');
          const lost = Promise.withResolvers<undefined>();
          const holder = {};
          const lease = {
            hostId,
            version: (before?.version ?? 0) + 1,
            holder: holder as object | null,
            lose() {
              end();
              places.delete(`${domain}:${hostId}`);
              numbers.delete(domain);
            },
          };
          held.set(domain, lease);
          const end = (): void => {
            lease.holder = null;
            lost.resolve(undefined);
          };
          return { version: lease.version, isHeld: () => lease.holder === holder, lost: lost.promise, release: async () => end() };
        },
        async holder({ domain }) {
          const lease = held.get(domain);
          return lease === undefined || lease.holder === null
            ? { hostId: -1, version: lease?.version ?? 0 }
            : { hostId: lease.hostId, version: lease.version };
        },
      };
    },
    lose: (domain) => held.get(domain)?.lose(),
  };
}

/** A host with its storage verbs, for tests. */
export interface TestStorage {
  readonly part: Part;
  readonly settings: StorageSettings;
  readonly log: () => string;
  /** Calls a verb as clients do. */
  call<T = unknown>(verb: string, params?: Readonly<Record<string, unknown>>): Promise<T>;
  /** Calls a verb that must fail, and returns its code. */
  fails(verb: string, params?: Readonly<Record<string, unknown>>): Promise<number>;
  /** Waits for the end of a task. */
  ended(task: string): Promise<TaskStatus>;
  /** Calls a verb that begins a task, waits for its end, clears it, and returns what came of it. */
  task(verb: string, params: Readonly<Record<string, unknown>>): Promise<TaskStatus>;
}

const noHelper: Pick<HelperDoor, 'mount' | 'unmount'> = {
  mount: () => Promise.reject(new Error('there is no helper')),
  unmount: () => Promise.reject(new Error('there is no helper')),
};

/** Makes a host whose files lie below a folder. */
export async function testStorage(
  folder: string,
  leases: Leases,
  helper: Pick<HelperDoor, 'mount' | 'unmount'> = noHelper,
  more: Partial<StorageSettings> = {},
): Promise<TestStorage> {
  const settings: StorageSettings = {
    mountFolder: `${folder}/mnt`,
    localFolder: `${folder}/local`,
    poolFolder: `${folder}/data-center`,
    helperSocket: `${folder}/helper`,
    ticketSocket: `${folder}/tickets`,
    qemuImg: '/usr/bin/qemu-img',
    qemuNbd: '/usr/bin/qemu-nbd',
    nbdFolder: `${folder}/nbd`,
    sanlock: '/usr/sbin/sanlock',
    sanlockSocket: '/run/sanlock/sanlock.sock',
    leaseIoSeconds: 10,
    ...more,
  };
  await mkdir(settings.mountFolder, { recursive: true });
  let text = '';
  const log = createLog({ write: (line) => (text += line), now: () => new Date(), mask: createMask() });
  const part = createStorage({ settings, helper, leases, log, now: Date.now, clock: () => performance.now() });
  await part.start?.();
  const call = async <T>(name: string, params: Readonly<Record<string, unknown>> = {}): Promise<T> => {
    const verb = part.verbs[name];
    if (verb === undefined) throw new Error(`there is no verb ${name}`);
    const one = { flowId: undefined, signal: new AbortController().signal, localAddress: undefined };
    return (await verb(readParams(params, verb.order), one)) as T;
  };
  const storage: TestStorage = {
    part,
    settings,
    log: () => text,
    call,
    async fails(verb, params) {
      try {
        await call(verb, params);
      } catch (error) {
        if (error instanceof VerbFailure) return error.code;
        throw error;
      }
      throw new Error(`${verb} did not fail`);
    },
    async ended(taskID) {
      for (;;) {
        const status = await call<TaskStatus>('Task.getStatus', { taskID });
        if (status.taskState === 'finished') return status;
        await sleep(10);
      }
    },
    async task(verb, params) {
      const taskID = await call<string>(verb, params);
      const status = await storage.ended(taskID);
      await call('Task.clear', { taskID });
      return status;
    },
  };
  return storage;
}

/** Verbs of the storage of hosts that are made up, as they are answered on the wire. */
export const servedVerbs = (names: readonly string[], of: (host: string) => Promise<TestStorage>): Record<string, SimulatedVerb> =>
  Object.fromEntries(
    names.map((name) => [
      name,
      async (params, host) => {
        try {
          return (await (await of(host)).call(name, params)) ?? true;
        } catch (error) {
          throw error instanceof VerbFailure ? new SimulatedFailure(error.code, error.message) : error;
        }
      },
    ]),
  );

export const zeroId = '00000000-0000-0000-0000-000000000000';

/** A pool with one local data domain on a host that is its SPM. */
export interface TestPool {
  readonly storagepoolID: string;
  readonly storagedomainID: string;
  readonly path: string;
}

/** Connects a folder of the host and makes a domain on it. */
export async function localDomain(host: TestStorage, path: string, domainClass = 1): Promise<string> {
  await mkdir(path, { recursive: true });
  await host.call('StoragePool.connectStorageServer', {
    storagepoolID: zeroId,
    domainType: 4,
    connectionParams: [{ id: randomUUID(), connection: path }],
  });
  const storagedomainID = randomUUID();
  await host.call('StorageDomain.create', {
    storagedomainID,
    domainType: 4,
    typeArgs: path,
    name: 'data',
    domainClass,
    version: domainClass === 1 ? 5 : 0,
  });
  return storagedomainID;
}

/** The same with a pool around it, as the engine makes one. */
export async function localPool(host: TestStorage, path: string): Promise<TestPool> {
  const storagedomainID = await localDomain(host, path);
  const storagepoolID = randomUUID();
  await host.call('StoragePool.create', {
    storagepoolID,
    name: 'Default',
    masterSdUUID: storagedomainID,
    masterVersion: 1,
    domainList: [storagedomainID],
  });
  await joinPool(host, { storagepoolID, storagedomainID, path }, 1);
  await host.task('StoragePool.spmStart', { storagepoolID, prevID: -1, prevLver: '-1' });
  await host.call('StorageDomain.activate', { storagedomainID, storagepoolID });
  return { storagepoolID, storagedomainID, path };
}

/** Has a host take part in a pool. */
export const joinPool = (
  host: { call(verb: string, params: Readonly<Record<string, unknown>>): Promise<unknown> },
  { storagepoolID, storagedomainID }: TestPool,
  hostID: number,
): Promise<unknown> =>
  host.call('StoragePool.connect', {
    storagepoolID,
    hostID,
    scsiKey: storagepoolID,
    masterSdUUID: storagedomainID,
    masterVersion: 1,
    domainDict: { [storagedomainID]: 'active' },
  });
