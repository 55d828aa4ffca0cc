import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { apiCalls, type Json } from './api-calls.ts';
import { type RunningEngine, useEngine } from './running-engine.ts';
import type { TestPostgres } from './postgres.ts';
import { type AgentPki, engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from './simulated-agent.ts';
import { type AddedHost, addHost, setOptions, wellBehaved } from './simulated-host.ts';
import { addMachine } from './simulated-machines.ts';
import { simulatedStorage, type SimulatedStorage } from './simulated-storage.ts';
import { there } from './there.ts';
import { eventually } from './waiting.ts';

export interface Center {
  readonly id: string;
  readonly name: string;
  readonly hosts: readonly AddedHost[];
}
export interface Domain {
  readonly id: string;
  readonly name: string;
  /** Where it lies. */
  readonly path: string;
}

/** Data centers of hosts that are made up and storage that is real, with an engine, for all tests of the file. */
export interface StorageTests {
  readonly running: RunningEngine;
  readonly api: ReturnType<typeof apiCalls>;
  readonly agents: SimulatedAgents;
  readonly storage: SimulatedStorage;
  /** A number that no other has. */
  next(): number;
  post(path: string, body?: object): Promise<Json>;
  remove(path: string): Promise<Json>;
  /** A data center with hosts that are up. */
  center(hosts?: number, more?: object): Promise<Center>;
  /** The same with an active master domain. */
  working(hosts?: number): Promise<Center & { readonly master: Domain }>;
  host(cluster: string): Promise<AddedHost>;
  /** A host in maintenance. */
  newHost(cluster: string): Promise<AddedHost>;
  hostStatus(id: string): Promise<unknown>;
  /** A domain on an export of its own. */
  domain(on: AddedHost, more?: object): Promise<Domain>;
  attach(to: Center, of: { readonly id: string }): Promise<void>;
  /** Sends a domain into maintenance, and waits for that. */
  deactivate(where: Center, of: string): Promise<void>;
  inCenter(where: Center, of: string): Promise<Json>;
  becomes(where: Center, of: string, status: string): Promise<void>;
  centerBecomes(where: Center, status: string): Promise<void>;
  /** A disk on a domain, and a virtual machine of the data center that has it: their rows. */
  diskOn(center: Center, of: string): Promise<{ readonly disk: string; readonly machine: string }>;
  /** Gives a machine a status, and a disc in its drive. */
  run(machine: string, status: number, disc?: string | null): Promise<unknown>;
  /** Waits until no command is under way. */
  settled(): Promise<void>;
  /** Codes of the events of a domain, in their order. */
  codes(of: string): Promise<readonly number[]>;
  /** Names of those that have the role of the SPM. */
  spmOf(all: readonly AddedHost[]): Promise<readonly string[]>;
}

const addresses = ['127.0.0.1', ...Array.from({ length: 60 }, (_, at) => `127.0.3.${at + 1}`)];

/** @param prepare what is done with the database before the engine starts */
export async function useStorageCenters(
  prepare: (postgres: TestPostgres) => Promise<unknown> = async () => undefined,
): Promise<StorageTests> {
  const pki: AgentPki = await makeAgentPki(addresses);
  const running = useEngine(
    async (postgres) => {
      await setOptions(postgres, {
        ...{ VdsStatisticsInSeconds: '1', TimeoutToResetVdsInSeconds: '2', NonOperationalRetryInSeconds: '1' },
        ...{ StoragePoolRefreshTimeInSeconds: '1', vdsConnectionTimeout: '2' },
      });
      await prepare(postgres);
    },
    { settings: engineSettings(pki) },
  );
  const api = apiCalls(running);
  const { got } = api;
  let [count, hostCount] = [0, 0];
  let agents: SimulatedAgents | undefined;
  let storage: SimulatedStorage | undefined;

  beforeAll(async () => {
    storage = await simulatedStorage();
    agents = await startSimulatedAgents(pki, { everywhere: true });
  });
  beforeEach(() => {
    there(agents).verbs = { ...wellBehaved(), ...there(storage).verbs };
    there(agents).away.clear();
    there(storage).barred.clear();
  });
  afterAll(async () => {
    await agents?.stop();
    await storage?.remove();
    await pki.remove();
  });

  const tests: StorageTests = {
    running,
    api,
    get agents() {
      return there(agents);
    },
    get storage() {
      return there(storage);
    },
    next: () => ++count,
    post: (path, body = {}) => got(path, { method: 'POST', body }),
    remove: (path) => got(path, { method: 'DELETE' }),

    async center(hosts = 1, more = {}) {
      const name = `dc${++count}`;
      const made = await tests.post('datacenters', { name, ...more });
      await tests.post('clusters', {
        name: `${name}-cluster`,
        data_center: { id: made['id'] as string },
        cpu: { type: 'Intel Skylake Server Family' },
      });
      const all: AddedHost[] = [];
      for (let at = 0; at < hosts; at++) all.push(await tests.host(`${name}-cluster`));
      return { id: made['id'] as string, name, hosts: all };
    },
    async working(hosts = 1) {
      const made = await tests.center(hosts);
      const master = await tests.domain(made.hosts[0]!);
      await tests.attach(made, master);
      return { ...made, master };
    },
    async host(cluster) {
      const host = await tests.newHost(cluster);
      await tests.post(`hosts/${host.id}/activate`);
      await eventually(async () => expect(await tests.hostStatus(host.id)).toBe('up'));
      return host;
    },
    async newHost(cluster) {
      const address = addresses[++hostCount]!;
      // Of several hosts the first one by its name is the first choice.
      const name = `host${String(hostCount).padStart(2, '0')}`;
      return { id: await addHost(running.postgres, { name, address, port: tests.agents.port, cluster }), name, address };
    },
    hostStatus: async (id) => (await got(`hosts/${id}`))['status'] as unknown,

    async domain(on, more = {}) {
      const name = `domain${++count}`;
      const path = await tests.storage.offer(`server:/export/${name}`);
      const made = await tests.post('storagedomains', {
        ...{ name, type: 'data', storage: { type: 'nfs', address: 'server', path: `/export/${name}` } },
        host: { name: on.name },
        ...more,
      });
      expect(made['status']).toBe('unattached');
      return { id: made['id'] as string, name, path };
    },
    async attach(to, of) {
      await tests.post(`datacenters/${to.id}/storagedomains`, { id: of.id });
      await tests.becomes(to, of.id, 'active');
      await tests.settled();
    },
    async deactivate(where, of) {
      await tests.post(`datacenters/${where.id}/storagedomains/${of}/deactivate`);
      await tests.becomes(where, of, 'maintenance');
      await tests.settled();
    },
    inCenter: ({ id }, of) => got(`datacenters/${id}/storagedomains/${of}`),
    becomes: (where, of, status) => eventually(async () => expect((await tests.inCenter(where, of))['status']).toBe(status)),
    centerBecomes: ({ id }, status) => eventually(async () => expect((await got(`datacenters/${id}`))['status']).toBe(status)),

    async diskOn({ name }, of) {
      const disk = randomUUID();
      const machine = await addMachine(running.postgres, { name: `vm${++count}`, memoryMb: 512, cluster: `${name}-cluster` });
      await running.postgres.query(
        `with d as (insert into base_disks (disk_id, disk_alias) values ($1, 'disk')),
           i as (insert into images (image_guid, image_group_id, size, volume_type, volume_format, imagestatus) values ($1, $1, 1024, 2, 5, 1)),
           x as (insert into image_storage_domain_map (image_id, storage_domain_id) values ($1, $2))
         insert into disk_vm_element (disk_id, vm_id, disk_interface) values ($1, $3, 'VirtIO')`,
        [disk, of, machine],
      );
      return { disk, machine };
    },
    run: (machine, status, disc = null) =>
      running.postgres.query('update vm_dynamic set status = $2, current_cd = $3 where vm_guid = $1', [machine, status, disc]),

    settled: () => eventually(async () => expect(await running.postgres.query('select command_type from command_entities')).toEqual([])),
    async codes(of) {
      const events = await running.postgres.query<{ code: number }>(
        'select log_type as code from audit_log where storage_domain_id = $1 order by audit_log_id',
        [of],
      );
      return events.map(({ code }) => code);
    },
    async spmOf(all) {
      const found: string[] = [];
      for (const { id, name } of all) if (((await got(`hosts/${id}`))['spm'] as Json)['status'] === 'spm') found.push(name);
      return found;
    },
  };
  return tests;
}
