import type { Agent } from 'node:https';
import { addAdmin, addUser, startEngine } from '../test/support/engine.ts';
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts';
import { headersOf, keptConnections, latency, once, sampled, type Target, throughput } from './requests.ts';
import type { Result } from './result.ts';

/* The API with 10,000 virtual machines on 500 hosts: whole lists, single machines and searches, for administrators and for people who see some. */

const machines = 10_000;
const hosts = 500;
/** Machines of the ordinary user, who sees these only. */
const own = 20;

/** Fills the inventory: every other machine runs; each has the devices of the template Blank, and an interface. */
export async function fill(postgres: TestPostgres): Promise<void> {
  await postgres.query(
    `with h as (insert into vds_static (vds_id, vds_name, host_name, port, cluster_id)
       select gen_random_uuid(), 'host' || n, 'host' || n || '.example.test', 54321, cluster_id from generate_series(1, $1::integer) n, cluster returning vds_id)
     insert into vds_dynamic (vds_id, status) select vds_id, 3 from h`,
    [hosts],
  );
  await postgres.query(
    `insert into vm_static (vm_guid, vm_name, entity_type, cluster_id, vmt_guid, original_template_id, mem_size_mb, max_memory_size_mb, min_allocated_mem)
     select gen_random_uuid(), 'vm' || n, 'VM', cluster_id, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', 1024, 4096, 1024
     from generate_series(1, $1::integer) n, cluster`,
    [machines],
  );
  await postgres.query(
    `insert into vm_dynamic (vm_guid, status, run_on_vds, last_start_time, guest_fqdn, graphics)
     select vm_guid, runs, case when runs = 1 then host end, now(), vm_name || '.example.test',
       case when runs = 1 then '[{"type": "vnc", "port": 5900, "tlsPort": null, "address": "192.0.2.1"}]'::jsonb else '[]' end
     from (select vm_guid, vm_name, (row_number() over () % 2)::integer as runs, hosts[1 + row_number() over () % $1::integer] as host
       from vm_static, (select array_agg(vds_id) as hosts from vds_static) h where entity_type = 'VM') m`,
    [hosts],
  );
  await postgres.query(`insert into vm_statistics (vm_guid) select vm_guid from vm_dynamic`);
  await postgres.query(
    `insert into vm_device (device_id, vm_id, type, device) select gen_random_uuid(), v.vm_guid, d.type, d.device
     from vm_dynamic v, vm_device d where d.vm_id = '00000000-0000-0000-0000-000000000000'`,
  );
  await postgres.query(
    `insert into vm_interface (id, vm_guid, name, vnic_profile_id) select gen_random_uuid(), vm_guid, 'nic1', '0000000a-000a-000a-000a-000000000398' from vm_dynamic`,
  );
  await postgres.query(
    `insert into permissions (role_id, ad_element_id, object_id, object_type_id)
     select 'def00006-0000-0000-0000-def000000006', (select user_id from users where username = 'person'), vm_guid, 2
     from vm_static where entity_type = 'VM' order by vm_name limit $1`,
    [own],
  );
  // As autovacuum does within a minute: without it, the database plans for tables that are empty.
  await postgres.query('analyze');
}

interface Named {
  readonly id: string;
  readonly name: string;
}

const machinesOf = (postgres: TestPostgres): Promise<readonly Named[]> =>
  postgres.query<{ id: string; name: string }>(
    `select vm_guid::text as id, vm_name as name from vm_static where entity_type = 'VM' order by vm_name`,
  );

const anyOf = (some: readonly Named[]): Named | undefined => some[Math.floor(Math.random() * some.length)];
const to = (path: string, headers: Target['headers']): Target => ({ path: `/ovirt-engine/api/${path}`, headers });

const line = async (name: string, limit: number, work: () => Promise<number>): Promise<Result> => ({
  ...{ name, unit: 'ms', target: { limit } },
  ours: await sampled(work),
});

const median = (agent: Agent, port: number, target: () => Target) => async (): Promise<number> => {
  const times: number[] = [];
  for (let at = 0; at < 50; at++) times.push(await once(agent, port, target()));
  return times.sort((a, b) => a - b)[25] ?? Number.NaN;
};

/** What an administrator waits for: all machines as a list, one of them, and one by its name. */
export async function forAdministrator(
  postgres: TestPostgres,
  port: number,
  agent: Agent,
  headers: Target['headers'],
  when = '',
): Promise<readonly Result[]> {
  const all = await machinesOf(postgres);
  const single = (): Target => to(`vms/${anyOf(all)?.id ?? ''}`, headers);
  const search = (): Target => to(`vms?search=${encodeURIComponent(`name="${anyOf(all)?.name ?? ''}"`)}`, headers);
  const whole = to('vms', headers);
  // Connections are made, and plans of the database with them, before anything is measured.
  for (const warm of [single(), search()]) await throughput(agent, port, warm, 200);
  await once(agent, port, whole);
  return [
    await line(`10,000 machines as one list${when}`, 2000, () => once(agent, port, whole)),
    await line(`one of them, p95 at 100 a second${when}`, 20, () => latency(agent, port, single, 100, 5, 0.95)),
    await line(`one found by its name${when}`, 20, median(agent, port, search)),
  ];
}

/** What a person waits for who sees some of them. */
async function forPerson(postgres: TestPostgres, port: number, agent: Agent, headers: Target['headers']): Promise<readonly Result[]> {
  const all = (await machinesOf(postgres)).slice(0, own);
  const filtered = { ...headers, filter: 'true' };
  const ownOne = (): Target => to(`vms/${anyOf(all)?.id ?? ''}`, filtered);
  const mine = (): Target => to('vms', filtered);
  await throughput(agent, port, ownOne(), 200);
  await once(agent, port, mine());
  return [
    await line('one of their own, for a person', 20, median(agent, port, ownOne)),
    await line('the 20 that a person sees', 100, median(agent, port, mine)),
  ];
}

export async function machinesApi(): Promise<readonly Result[]> {
  const postgres = await startPostgres();
  try {
    await addAdmin(postgres);
    const password = 'Person-of-the-bench-1';
    await addUser(postgres, 'person', password);
    await postgres.query(
      `select attach_user_to_role('person', 'internal-authz', '*', uuid::text, 'UserRole') from aaa_jdbc.users where name = 'person'`,
    );
    await postgres.query(
      `update permissions set object_id = '00000000-0000-0000-0000-000000000000', object_type_id = 4
       where ad_element_id = (select user_id from users where username = 'person')`,
    );
    await fill(postgres);
    const engine = await startEngine(postgres);
    const agent = keptConnections();
    try {
      return [
        ...(await forAdministrator(postgres, engine.port, agent, await headersOf(engine))),
        ...(await forPerson(postgres, engine.port, agent, await headersOf(engine, 'person@internal', password))),
      ];
    } finally {
      agent.destroy();
      await engine.stop();
    }
  } finally {
    await postgres.stop();
  }
}
