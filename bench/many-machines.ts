import { setTimeout as sleep } from 'node:timers/promises';
import { addAdmin, adminPassword, startEngine, type TestEngine } from '../test/support/engine.ts';
import { basic } from '../test/support/https-client.ts';
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts';
import { makeAgentPki, startSimulatedAgents } from '../test/support/simulated-agent.ts';
import { addHost, wellBehaved } from '../test/support/simulated-host.ts';
import { addMachine, type SimulatedMachines, simulatedMachines } from '../test/support/simulated-machines.ts';
import { timed } from './measure.ts';

/*
 * 500 hosts and 10,000 virtual machines on them, which tell their statistics every 15 seconds. The hosts are made up, in this process; the protocol is
 * real.
 */

export const count = 500;
const machinesOfHost = 20;
export const machineCount = count * machinesOfHost;

export interface ManyMachines {
  /** The database of their engine, with everything in it. */
  readonly postgres: TestPostgres;
  /** Starts an engine that reaches the agents. */
  start(): Promise<TestEngine>;
  /** The present, by the clock of the database. */
  now(): Promise<string>;
  /** Waits until statistics of each host and of each machine are newer than a moment of the database. */
  allTold(since: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startManyMachines(): Promise<ManyMachines> {
  const addresses = Array.from({ length: count }, (_, at) => `127.1.${Math.floor(at / 250)}.${(at % 250) + 1}`);
  const [postgres, pki] = await Promise.all([startPostgres(), makeAgentPki(addresses)]);
  const agents = await startSimulatedAgents(pki, { everywhere: true });
  const machines = simulatedMachines(() => agents);
  agents.verbs = { ...wellBehaved(), ...machines.verbs };
  const settings = {
    ENGINE_PKI_CA: pki.path('ca.pem'),
    ENGINE_PKI_ENGINE_CERT: pki.path('engine.pem'),
    ENGINE_PKI_ENGINE_KEY: pki.path('engine.key'),
  };
  await addAdmin(postgres);
  for (const [at, address] of addresses.entries()) await addHost(postgres, { name: `host${at}`, address, port: agents.port, status: 3 });
  await addMachines(postgres, machines);
  await postgres.query('analyze');
  return {
    postgres,
    start: () => startEngine(postgres, { settings }),
    now: async () => (await postgres.query<{ now: string }>('select now()::text as now'))[0]?.now ?? '',
    async allTold(since) {
      for (;;) {
        const [row] = await postgres.query<{ hosts: number; machines: number }>(
          `select (select count(*)::integer from vds_statistics where _update_date > $1::timestamptz) as hosts,
             (select count(*)::integer from vm_statistics where _update_date > $1::timestamptz) as machines`,
          [since],
        );
        if (row?.hosts === count && row.machines >= machineCount) return;
        await sleep(200);
      }
    },
    async stop() {
      await agents.stop();
      await pki.remove();
      await postgres.stop();
    },
  };
}

const domain = '55555555-0000-4000-8000-000000000001';

/** Adds machines to all hosts, with a disk, a network card and the devices of the template Blank each, and has them run there. */
async function addMachines(postgres: TestPostgres, machines: SimulatedMachines): Promise<void> {
  await postgres.query(
    'update vds_dynamic set physical_mem_mb = 256000, reserved_mem = 321, guest_overhead = 65, cpu_cores = 64, cpu_threads = 128',
  );
  await postgres.query(
    `insert into vds_interface (id, vds_id, name, speed)
     select gen_random_uuid(), vds_id, name, speed from vds_static, (values ('eth0', 10000), ('eth1', 1000)) i (name, speed)`,
  );
  await postgres.query(
    `with c as (insert into storage_server_connections (id, connection, storage_type) values ($1, 'nfs.example.test:/data', 1)),
     s as (insert into storage_domain_static (id, storage, storage_name, storage_type, storage_domain_type) values ($1, $1, 'data', 1, 1))
     insert into storage_domain_dynamic (id, available_disk_size, used_disk_size) values ($1, ${2 ** 45}, ${2 ** 44})`,
    [domain],
  );
  // The addresses of their cards are made of the beginnings of their ids.
  const all = await postgres.query<{ id: string; name: string; address: string; disk: string; host: string }>(
    `select (lpad(to_hex(row_number() over ()), 6, '0') || substr(gen_random_uuid()::text, 7))::uuid as id, h.vds_name || '-vm' || n as name,
       h.host_name as address, h.vds_id as host, gen_random_uuid() as disk from vds_static h, generate_series(1, $1) n`,
    [machinesOfHost],
  );
  const given = JSON.stringify(all);
  const from = 'jsonb_to_recordset($1) as g (id uuid, name text, address text, host uuid, disk uuid)';
  for (const statement of [
    `insert into vm_static (vm_guid, vm_name, entity_type, cluster_id, vmt_guid, mem_size_mb, max_memory_size_mb, min_allocated_mem)
     select id, name, 'VM', cluster_id, '00000000-0000-0000-0000-000000000000', 2048, 2048, 2048 from ${from} join vds_static on vds_id = host`,
    `insert into vm_dynamic (vm_guid) select id from ${from}`,
    `insert into vm_device (device_id, vm_id, type, device) select gen_random_uuid(), g.id, d.type, d.device
     from ${from}, vm_device d where d.vm_id = '00000000-0000-0000-0000-000000000000'`,
    `insert into vm_interface (id, vm_guid, name, mac_addr, vnic_profile_id)
     select gen_random_uuid(), id, 'nic1', '56:6f:' || substr(id::text, 1, 2) || ':' || substr(id::text, 3, 2) || ':' || substr(id::text, 5, 2) || ':00',
       (select id from vnic_profiles limit 1) from ${from}`,
    `insert into base_disks (disk_id, disk_alias) select disk, name || '_Disk1' from ${from}`,
    `insert into images (image_guid, image_group_id, size, volume_type, volume_format, imagestatus, actual_size)
     select gen_random_uuid(), disk, ${10 * 2 ** 30}, 2, 4, 1, ${2 ** 30} from ${from}`,
    `insert into image_storage_domain_map (image_id, storage_domain_id) select image_guid, '${domain}' from ${from} join images on image_group_id = disk`,
    `insert into disk_vm_element (disk_id, vm_id, disk_interface) select disk, id, 'VirtIO' from ${from}`,
    `update vm_dynamic set status = 1, run_on_vds = host from ${from} where vm_guid = id`,
  ])
    await postgres.query(statement, [given]);
  for (const { id, name, address, disk } of all) {
    machines.put(address, id, 'Up', name);
    machines.disks.set(id, [disk]);
  }
}

const administrator = { authorization: basic('admin@internal', adminPassword) };

/** Asks for the list of all hosts: how long that takes, in ms. */
export const listing = (engine: TestEngine): Promise<number> =>
  timed(async () => {
    const { status } = await engine.client('/ovirt-engine/api/hosts', { headers: administrator });
    if (status !== 200) throw new Error(`the list of hosts was answered with ${status}`);
  });

/** Starts machines, one after the other: how long each takes until it is seen to run, in ms. Hosts take no time for it. */
export async function starting(engine: TestEngine, postgres: TestPostgres, names: string): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < 11; run++) {
    const id = await addMachine(postgres, { name: `${names}${run}`, memoryMb: 1_024 });
    times.push(
      await timed(async () => {
        const { status } = await engine.client(`/ovirt-engine/api/vms/${id}/start`, {
          headers: { ...administrator, 'content-type': 'application/xml' },
          method: 'POST',
          body: '<action/>',
        });
        if (status !== 200) throw new Error(`a start was answered with ${status}`);
        while ((await postgres.query('select from vm_dynamic where vm_guid = $1 and status = 2', [id])).length === 0) await sleep(2);
      }),
    );
  }
  return times.slice(1);
}
