import { setTimeout as sleep } from 'node:timers/promises';
import { addAdmin, adminPassword, startEngine, type TestEngine } from '../test/support/engine.ts';
import { basic } from '../test/support/https-client.ts';
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts';
import { makeAgentPki, type SimulatedAgents, startSimulatedAgents } from '../test/support/simulated-agent.ts';
import { addHost, wellBehaved } from '../test/support/simulated-host.ts';
import { addMachine, type SimulatedMachines, simulatedMachines } from '../test/support/simulated-machines.ts';
import { memoryMB, processorMs, sample, timed } from './measure.ts';
import type { Result } from './result.ts';

/*
 * An engine with 500 hosts and 10,000 virtual machines on them, which tell their statistics every 15 seconds. The hosts are made up, in this process; the
 * protocol is real. The processor time and memory are those of the engine alone.
 */

const count = 500;
const addresses = Array.from({ length: count }, (_, at) => `127.1.${Math.floor(at / 250)}.${(at % 250) + 1}`);
const watchedSeconds = 60;
const machinesOfHost = 20;

/** Waits until statistics of each host and of each machine are newer than a moment of the database. */
async function allTold(postgres: TestPostgres, since: string): Promise<void> {
  for (;;) {
    const [row] = await postgres.query<{ hosts: number; machines: number }>(
      `select (select count(*)::integer from vds_statistics where _update_date > $1::timestamptz) as hosts,
         (select count(*)::integer from vm_statistics where _update_date > $1::timestamptz) as machines`,
      [since],
    );
    if (row?.hosts === count && row.machines >= count * machinesOfHost) return;
    await sleep(200);
  }
}

/** Adds machines to all hosts, with a network card each, and has them run there. */
async function addMachines(postgres: TestPostgres, machines: SimulatedMachines): Promise<void> {
  await postgres.query(
    'update vds_dynamic set physical_mem_mb = 256000, reserved_mem = 321, guest_overhead = 65, cpu_cores = 64, cpu_threads = 128',
  );
  const all = await postgres.query<{ id: string; name: string; address: string }>(
    `with given as (select h.vds_id, h.host_name, h.cluster_id, gen_random_uuid() as id, h.vds_name || '-vm' || n as name
       from vds_static h, generate_series(1, $1) n),
     s as (insert into vm_static (vm_guid, vm_name, entity_type, cluster_id, vmt_guid, mem_size_mb, max_memory_size_mb, min_allocated_mem)
       select id, name, 'VM', cluster_id, '00000000-0000-0000-0000-000000000000', 2048, 2048, 2048 from given),
     d as (insert into vm_dynamic (vm_guid, status, run_on_vds) select id, 1, vds_id from given),
     i as (insert into vm_interface (id, vm_guid, name, mac_addr)
       select gen_random_uuid(), id, 'nic1', '56:6f:' || substr(id::text, 1, 2) || ':' || substr(id::text, 3, 2) || ':' || substr(id::text, 5, 2) || ':00' from given)
     select id, name, host_name as address from given`,
    [machinesOfHost],
  );
  for (const { id, name, address } of all) machines.put(address, id, 'Up', name);
}

/** Starts machines, one after the other: how long each takes until it is seen to run, in ms. Hosts take no time for it. */
async function starting(engine: TestEngine, postgres: TestPostgres): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < 11; run++) {
    const id = await addMachine(postgres, { name: `started${run}`, memoryMb: 1_024 });
    times.push(
      await timed(async () => {
        const { status } = await engine.client(`/ovirt-engine/api/vms/${id}/start`, {
          headers: { authorization: basic('admin@internal', adminPassword), 'content-type': 'application/xml' },
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

const present = async (postgres: TestPostgres): Promise<string> =>
  (await postgres.query<{ now: string }>('select now()::text as now'))[0]?.now ?? '';

/** The list of all hosts, in ms. */
async function listing(engine: TestEngine): Promise<number> {
  return timed(async () => {
    const { status } = await engine.client('/ovirt-engine/api/hosts', {
      headers: { authorization: basic('admin@internal', adminPassword) },
    });
    if (status !== 200) throw new Error(`the list of hosts was answered with ${status}`);
  });
}

export async function hosts(): Promise<readonly Result[]> {
  const [postgres, pki] = await Promise.all([startPostgres(), makeAgentPki(addresses)]);
  const agents: SimulatedAgents = await startSimulatedAgents(pki, { everywhere: true });
  const machines = simulatedMachines(() => agents);
  agents.verbs = { ...wellBehaved(), ...machines.verbs };
  const settings = {
    ENGINE_PKI_CA: pki.path('ca.pem'),
    ENGINE_PKI_ENGINE_CERT: pki.path('engine.pem'),
    ENGINE_PKI_ENGINE_KEY: pki.path('engine.key'),
  };
  let engine: TestEngine | undefined;
  try {
    await addAdmin(postgres);
    for (const [at, address] of addresses.entries()) await addHost(postgres, { name: `host${at}`, address, port: agents.port, status: 3 });
    await addMachines(postgres, machines);
    await postgres.query('analyze');

    const first = await present(postgres);
    engine = await startEngine(postgres, { settings });
    await allTold(postgres, first);
    const [before, began] = [await processorMs(engine.pid), performance.now()];
    await sleep(watchedSeconds * 1_000);
    const busy = ((await processorMs(engine.pid)) - before) / ((performance.now() - began) / 1_000);
    const lists: number[] = [];
    for (let run = 0; run < 6; run++) lists.push(await listing(engine));
    const starts = await starting(engine, postgres);
    const memory = (await memoryMB(engine.pid, 'VmHWM')) ?? Number.NaN;

    await engine.end('SIGKILL');
    const again = await present(postgres);
    const control = await timed(async () => {
      engine = await startEngine(postgres, { settings });
      await allTold(postgres, again);
    });
    return [
      { name: `${count} hosts, 10,000 machines, processor in a second`, unit: 'ms', ours: sample([busy]), target: { limit: 1_000 } },
      { name: `${count} hosts, 10,000 machines, memory at most`, unit: 'MB', ours: sample([memory]), target: { limit: 500 } },
      { name: `${count} hosts, list of all`, unit: 'ms', ours: sample(lists.slice(1)), target: { limit: 500 } },
      {
        name: `${count} hosts, 10,000 machines, each heard of after a kill`,
        unit: 'ms',
        ours: sample([control]),
        target: { limit: 20_000 },
      },
      { name: 'start of a machine among 10,000, without its host', unit: 'ms', ours: sample(starts), target: { limit: 150 } },
    ];
  } finally {
    await engine?.stop();
    await agents.stop();
    await pki.remove();
    await postgres.stop();
  }
}
