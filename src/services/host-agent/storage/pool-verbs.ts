import { randomUUID } from 'node:crypto';
import { isUuid } from '../../frame/uuid.ts';
import type { Params, Verbs } from '../verbs.ts';
import { type Connections, storageKind } from './connections.ts';
import { formatDomains } from './domain-metadata.ts';
import { type Domains, isoImage, leasePlaces } from './domains.ts';
import { oneLine } from './domain-verbs.ts';
import { codes, failure } from './failures.ts';
import type { Leases } from './leases.ts';
import type { NewPool, Pools } from './pools.ts';
import type { StartTasks } from './start-tasks.ts';

/** Verbs about pools, and about the storage that their domains lie on. */
export function poolVerbs({
  connections,
  domains,
  pools,
  leases,
  starts,
  seenAt,
}: {
  readonly connections: Connections;
  readonly domains: Domains;
  readonly pools: Pools;
  readonly leases: Leases;
  readonly starts: StartTasks;
  /** Where a domain of a pool is seen under the names of both. */
  readonly seenAt: (pool: string, domain: string) => string;
}): Verbs {
  const poolOf = (params: Params): string => params.uuid('storagepoolID');
  const newPool = (params: Params, members: readonly string[]): NewPool => ({
    id: poolOf(params),
    name: oneLine(params.optionalText('name') ?? params.text('poolName'), 'The name'),
    masterId: params.uuid('masterSdUUID'),
    masterVersion: params.number('masterVersion'),
    domains: members,
  });
  const storageOf =
    (verb: 'connect' | 'disconnect') =>
    async (params: Params): Promise<unknown> => {
      const kind = storageKind(params.number('domainType'));
      const wanted = params.objects('connectionParams');
      if (kind === undefined) return wanted.map((one) => ({ id: one.optionalText('id') ?? '', status: codes['connection invalid'] }));
      return connections[verb](kind, wanted);
    };

  return {
    'StoragePool.connectStorageServer': storageOf('connect'),
    'StoragePool.disconnectStorageServer': storageOf('disconnect'),
    'StoragePool.create': (params) =>
      pools.create(
        newPool(
          params,
          params.texts('domainList').map((id) => uuidOf(id)),
        ),
      ),
    'StoragePool.reconstructMaster': (params) =>
      pools.reconstruct(newPool(params, params.object('domainDict').names().map(uuidOf)), hostIdOf(params, 'hostId')),
    'StoragePool.connect': (params) =>
      pools.connect({
        id: poolOf(params),
        hostId: hostIdOf(params, 'hostID'),
        masterId: params.uuid('masterSdUUID'),
        masterVersion: params.number('masterVersion'),
      }),
    'StoragePool.disconnect': (params) => pools.disconnect(poolOf(params)),
    'StoragePool.refresh': (params) => pools.refresh(poolOf(params), params.uuid('masterSdUUID'), params.number('masterVersion')),
    'StoragePool.destroy': (params) => pools.destroy(poolOf(params)),
    'StoragePool.spmStart': async (params) => {
      const pool = pools.get(poolOf(params));
      const wanted = params.optionalNumber('domVersion');
      const { version } = (await pool.master()).metadata;
      // The original would make the domains of the pool ones of that version.
      if (wanted !== undefined && wanted !== version)
        throw failure('domain version', `Pool ${pool.id} has version ${version}, and cannot be changed to ${wanted}`);
      return starts.begin(randomUUID(), () => pool.startSpm());
    },
    'StoragePool.spmStop': (params) => pools.get(poolOf(params)).stopSpm(),
    'StoragePool.getSpmStatus': async (params) => {
      const pool = pools.get(poolOf(params));
      const state = pool.role.state();
      if (state === 'SPM') return { spmId: pool.hostId, spmStatus: state, spmLver: pool.role.version() };
      const { hostId, version } = await leases.holder(leasePlaces((await pool.master()).domain));
      return { spmId: hostId, spmStatus: state, spmLver: hostId === -1 ? -1 : version };
    },
    'StoragePool.getInfo': async (params) => {
      const pool = pools.get(poolOf(params));
      const { domain, metadata, pool: known } = await pool.master();
      const dominfo: Record<string, unknown> = {};
      let isoprefix = '';
      for (const [id, status] of known.domains) {
        const found = await domains.find(id).catch(() => null);
        const its = found === null ? null : await domains.read(found).catch(() => null);
        const prefix = found !== null && its?.class === 'Iso' && status === 'Active' ? `${seenAt(pool.id, id)}/images/${isoImage}` : '';
        isoprefix ||= prefix;
        const room = found === null || status !== 'Active' ? null : await domains.room(found).catch(() => null);
        dominfo[id] = {
          status,
          alerts: [],
          isoprefix: prefix,
          version: its?.version ?? -1,
          ...(room === null ? {} : { diskfree: String(room.free), disktotal: String(room.total) }),
        };
      }
      const isSpm = pool.role.state() === 'SPM';
      return {
        info: {
          name: known.name,
          type: metadata.type,
          version: String(metadata.version),
          master_uuid: domain.id,
          master_ver: known.masterVersion,
          lver: isSpm ? pool.role.version() : known.spmVersion,
          spm_id: isSpm ? pool.hostId : known.spmId,
          isoprefix,
          domains: formatDomains(known.domains),
          pool_status: 'connected',
        },
        dominfo,
      };
    },
    'Host.getConnectedStoragePools': () => pools.ids(),
  };
}

function hostIdOf(params: Params, name: string): number {
  const id = params.number(name);
  // The place of whoever makes a pool lies above those of hosts.
  if (id < 1 || id >= 250) throw failure('host id', `${name} must be a number from 1 to 249, not ${id}`);
  return id;
}

function uuidOf(id: string): string {
  if (!isUuid(id)) throw failure('parameter', 'Domains are named by UUIDs');
  return id.toLowerCase();
}
