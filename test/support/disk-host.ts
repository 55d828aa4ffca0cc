import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiCalls } from './api-calls.ts';
import { addAdmin, startEngine, type TestEngine } from './engine.ts';
import { localPool, servedVerbs, testLeases, type TestPool, type TestStorage, testStorage } from './host-storage.ts';
import { type ImageService, startImageProxy, startImageService } from './image-io.ts';
import { makePki, type TestPki } from './pki.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { engineSettings, makeAgentPki, type SimulatedAgents, type SimulatedVerb, startSimulatedAgents } from './simulated-agent.ts';
import { addHost, wellBehaved } from './simulated-host.ts';

/*
 * A host with the storage of a real agent, behind a simulated one that can be disturbed, with the real image daemon; and beside the engine the real
 * proxy.
 */

/** Where the same host is found a second time, for tests that add it as another one. */
export const otherAddress = '127.0.0.2';

export interface DiskHost {
  readonly postgres: TestPostgres;
  readonly agents: SimulatedAgents;
  readonly storage: TestStorage;
  readonly pool: TestPool;
  readonly daemon: ImageService;
  readonly proxy: ImageService;
  readonly imagePki: TestPki;
  readonly host: string;
  /** The verbs of the host as they are when nothing is wrong with it. */
  verbs(): Record<string, SimulatedVerb>;
  /** Starts an engine, and has it ended with the host if it is not before. */
  engine(): Promise<TestEngine>;
  calls(engine: TestEngine): ReturnType<typeof apiCalls>;
  stop(): Promise<void>;
}

/** Rows of a storage domain that is active in the data center of a host, which is its storage pool manager. */
async function addStorageRows(
  postgres: Pick<TestPostgres, 'query'>,
  { storagepoolID, storagedomainID, path }: TestPool,
  host: string,
): Promise<void> {
  // The data center gets the id that the pool has on the storage.
  await postgres.query(
    `insert into storage_pool (id, name, is_local, status, compatibility_version)
     select $1, 'Pool', is_local, 1, compatibility_version from storage_pool where name = 'Default'`,
    [storagepoolID],
  );
  await postgres.query('update cluster set storage_pool_id = $1', [storagepoolID]);
  await postgres.query('update storage_pool set spm_vds_id = $2, master_domain_version = 1 where id = $1', [storagepoolID, host]);
  await postgres.query('insert into vds_spm_id_map (vds_id, storage_pool_id, vds_spm_id) values ($1, $2, 1)', [host, storagepoolID]);
  await postgres.query(`insert into storage_server_connections (id, connection, storage_type) values (gen_random_uuid(), $1, 4)`, [path]);
  await postgres.query(
    `insert into storage_domain_static (id, storage, storage_name, storage_type, storage_domain_type)
     select $1, id, 'data', 4, 0 from storage_server_connections`,
    [storagedomainID],
  );
  await postgres.query('insert into storage_domain_dynamic (id, available_disk_size) values ($1, $2)', [storagedomainID, 100 * 2 ** 30]);
  await postgres.query('insert into storage_pool_iso_map (storage_id, storage_pool_id, status) values ($1, $2, 3)', [
    storagedomainID,
    storagepoolID,
  ]);
}

export async function startDiskHost(): Promise<DiskHost> {
  const folder = await mkdtemp(join(tmpdir(), 'disks-'));
  const [postgres, agentPki, imagePki] = await Promise.all([startPostgres(), makeAgentPki(['127.0.0.1', otherAddress]), makePki()]);
  await addAdmin(postgres);
  const [daemon, proxy] = await Promise.all([startImageService(imagePki), startImageProxy(imagePki)]);
  const storage = await testStorage(folder, testLeases().of(), undefined, { ticketSocket: join(daemon.folder, 'control.sock') });
  const pool = await localPool(storage, join(folder, 'domain'));
  const verbs = (): Record<string, SimulatedVerb> => ({
    ...wellBehaved(),
    ...servedVerbs(Object.keys(storage.part.verbs), async () => storage),
  });
  const agents = await startSimulatedAgents(agentPki, { everywhere: true, verbs: verbs() });
  const host = await addHost(postgres, { name: 'node', address: '127.0.0.1', port: agents.port, status: 3 });
  await addStorageRows(postgres, pool, host);
  await postgres.query(`update vdc_options set option_value = $1 where option_name = 'ImageDaemonPort'`, [String(daemon.port)]);
  await postgres.query(`insert into vdc_options (option_name, option_value, version) values ('ImageProxyAddress', $1, 'general')`, [
    `localhost:${proxy.port}`,
  ]);
  const engines: TestEngine[] = [];
  return {
    ...{ postgres, agents, storage, pool, daemon, proxy, imagePki, host, verbs },
    async engine() {
      const engine = await startEngine(postgres, {
        settings: { ...engineSettings(agentPki), ENGINE_IMAGE_PROXY_SOCKET: join(proxy.folder, 'control.sock') },
      });
      engines.push(engine);
      return engine;
    },
    calls: (engine) => apiCalls({ engine, postgres }),
    async stop() {
      for (const engine of engines) await engine.stop();
      await agents.stop();
      await Promise.all([daemon.end(), proxy.end()]);
      await storage.part.stop?.();
      await postgres.stop();
      await Promise.all([agentPki.remove(), imagePki.remove(), rm(folder, { recursive: true, force: true })]);
    },
  };
}
