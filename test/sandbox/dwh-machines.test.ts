import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aggregate } from '../../src/services/dwh/aggregate.ts';
import { type History, openHistory } from '../../src/services/dwh/history.ts';
import { storeSample, takeSnapshot } from '../../src/services/dwh/sample.ts';
import { readMachines } from '../../src/services/engine/monitoring/machine-statistics.ts';
import { createMachineStore, type MachineStore } from '../../src/services/engine/monitoring/machine-store.ts';
import { type Database, openDatabase } from '../../src/services/frame/database.ts';
import { quietLog } from '../support/fakes.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { addHost } from '../support/simulated-host.ts';
import { addMachine } from '../support/simulated-machines.ts';
import { makeHistory } from '../support/warehouse.ts';

/* What the data warehouse keeps of hosts and machines, by what the engine was told of them. */

type Row = Record<string, unknown>;

const domain = '55555555-0000-4000-8000-000000000001';
const at = (minute: number): Date => new Date(Date.UTC(2026, 2, 10, 10, minute));

let postgres: TestPostgres;
let engine: Database;
let history: History;
let store: MachineStore;
let host: string;
let machine: string;
let disk: string;
let minute = 0;
let seconds = 0;

beforeAll(async () => {
  postgres = await startPostgres();
  engine = openDatabase({ ...postgres, secured: false, securedValidation: false }, quietLog);
  history = await openHistory(await makeHistory(postgres), 'UTC');
  store = createMachineStore(engine, '0');
  await engine.query(
    `with c as (insert into storage_server_connections (id, connection, storage_type) values ($1, '/data', 4))
     insert into storage_domain_static (id, storage, storage_name, storage_type, storage_domain_type) values ($1, $1, 'data', 4, 1)`,
    [domain],
  );
  host = await addHost(engine, { name: 'host1', address: '127.0.0.1', port: 54_321, status: 3 });
});
afterAll(async () => {
  await history.close();
  await engine.close();
  await postgres.stop();
});

/** Adds a disk to a machine. */
async function addDisk(owner: string, more = { shareable: false }): Promise<string> {
  const [row] = await engine.query<{ id: string }>(
    `with d as (insert into base_disks (disk_id, disk_alias, shareable) values (gen_random_uuid(), 'disk', $3) returning disk_id),
     i as (insert into images (image_guid, image_group_id, size, volume_type, volume_format, imagestatus, actual_size)
       select gen_random_uuid(), disk_id, 10737418240, 2, 5, 1, 1073741824 from d returning image_guid),
     m as (insert into image_storage_domain_map (image_id, storage_domain_id) select image_guid, $2 from i)
     insert into disk_vm_element (disk_id, vm_id, disk_interface) select disk_id, $1, 'VirtIO' from d returning disk_id as id`,
    [owner, domain, more.shareable],
  );
  return row?.id ?? '';
}
const runs = (status: number, where: string | null): Promise<unknown> =>
  engine.query('update vm_dynamic set status = $2, run_on_vds = $3 where vm_guid = $1', [machine, status, where]);
/** The host tells of its machine, and the warehouse takes a sample a minute later. */
async function tell({ disks = [disk], received = '1000' }: { disks?: readonly string[]; received?: string } = {}): Promise<void> {
  const [mac] = await engine.query<{ address: string }>('select mac_addr as address from vm_interface where vm_guid = $1', [machine]);
  const [seen] =
    readMachines([
      {
        ...{ vmId: machine, vmName: 'web', status: 'Up', cpuUser: '150.20', cpuSys: '20.10', vcpuCount: '2', memUsage: '40' },
        ...{ guestIPs: '10.0.0.7', username: 'ann', clientIp: '192.0.2.9', memoryStats: { mem_buffers: '100', mem_cached: '200' } },
        disksUsage: [{ path: '/', total: '100', used: '40', fs: 'ext4' }],
        network: { vnet0: { macAddr: mac?.address, rx: received, tx: '2000', rxDropped: '3', txDropped: '4', sampleTime: ++seconds } },
        disks: Object.fromEntries(
          disks.map((imageID) => [
            imageID,
            {
              ...{ imageID, readRate: '4096', readOps: '11', readLatency: '1500000' },
              ...{ writeRate: '8192', writeOps: '22', writeLatency: '2500000', flushLatency: '0' },
            },
          ]),
        ),
      },
    ]) ?? [];
  await store.store([{ machine, host, usage: seen!.usage }]);
}
async function sample(): Promise<void> {
  await storeSample(history, await takeSnapshot(engine), at(++minute), 60);
}
/** The rows of a view of the history about one object, the newest sample last. */
const kept = (view: string, key: string, id: string): Promise<Row[]> =>
  history.query<Row>(`select * from v4_5_${view} where ${key} = $1 order by history_id`, [id]);
const last = async (view: string, key: string, id: string): Promise<Row> =>
  (await kept(`statistics_${view}_resources_usage_samples`, key, id)).at(-1) ?? {};
const versionOf = async (kind: string, key: string, id: string): Promise<unknown> =>
  (await kept(`latest_configuration_${kind}`, key, id))[0]?.['history_id'];
const nic = async (): Promise<string> =>
  (await engine.query<{ id: string }>('select id from vm_interface where vm_guid = $1', [machine]))[0]?.id ?? '';

describe('a machine that runs', () => {
  beforeEach(async () => {
    machine = await addMachine(engine, { name: `web${seconds}`, memoryMb: 512, networks: ['ovirtmgmt'] });
    await engine.query('update vm_static set num_of_sockets = 2 where vm_guid = $1', [machine]);
    disk = await addDisk(machine);
    await runs(1, host);
    await tell();
  });

  it('has a sample with what was told, as each of its disks and interfaces has, and the versions that held', async () => {
    await sample();
    expect(await last('vms', 'vm_id', machine)).toMatchObject({
      ...{ vm_status: 1, seconds_in_status: 60, minutes_in_status: '1.00', cpu_usage_percent: 85, memory_usage_percent: 40 },
      // Of both processors together, as the usage of all.
      ...{ user_cpu_usage_percent: 75, system_cpu_usage_percent: 10, memory_buffered_kb: '100', memory_cached_kb: '200' },
      ...{ vm_ip: '10.0.0.7', vm_client_ip: '192.0.2.9', user_logged_in_to_guest: true, currently_running_on_host: host },
      disks_usage: '[{"path":"/","total":"100","used":"40","fs":"ext4"}]',
      vm_configuration_version: await versionOf('vms', 'vm_id', machine),
      current_host_configuration_version: await versionOf('hosts', 'host_id', host),
    });
    expect(await last('vms_disks', 'vm_disk_id', disk)).toMatchObject({
      ...{ vm_disk_status: 1, vm_disk_actual_size_mb: '1024', read_rate_bytes_per_second: '4096', write_rate_bytes_per_second: '8192' },
      ...{
        read_ops_total_count: '11',
        write_ops_total_count: '22',
        read_latency_seconds: '0.001500000',
        write_latency_seconds: '0.002500000',
      },
      ...{ flush_latency_seconds: '0.000000000', vm_disk_configuration_version: await versionOf('vms_disks', 'vm_disk_id', disk) },
    });
    expect(await last('vms_interfaces', 'vm_interface_id', await nic())).toMatchObject({
      ...{
        received_total_byte: '1000',
        transmitted_total_byte: '2000',
        received_dropped_total_packets: '3',
        transmitted_dropped_total_packets: '4',
      },
      vm_interface_configuration_version: await versionOf('vms_interfaces', 'vm_interface_id', await nic()),
    });
    const devices = await kept('latest_configuration_vms_devices', 'vm_id', machine);
    expect(devices.sort((a, b) => String(a['type']).localeCompare(String(b['type'])))).toMatchObject([
      { device_id: disk, type: 'disk', is_plugged: true, is_readonly: false },
      { device_id: await nic(), type: 'interface', is_plugged: true },
    ]);
    expect(await history.query('select vm_disk_id, detach_date from disks_vm_map where vm_id = $1', [machine])).toEqual([
      { vm_disk_id: disk, detach_date: null },
    ]);
  });

  it.each([
    [7, 3, true],
    [0, 0, false],
    [13, 0, false],
  ])('loads nothing any more in the status %i, and counts what it has moved', async (status, counted, isSomewhere) => {
    await runs(status, isSomewhere ? host : null);
    await sample();
    expect(await last('vms', 'vm_id', machine)).toMatchObject({
      ...{ vm_status: counted, cpu_usage_percent: null, memory_usage_percent: null, user_cpu_usage_percent: null, disks_usage: null },
      currently_running_on_host: isSomewhere ? host : null,
    });
    expect(await last('vms_disks', 'vm_disk_id', disk)).toMatchObject({
      ...{ vm_disk_status: 1, read_rate_bytes_per_second: null, write_latency_seconds: null, read_ops_total_count: '11' },
    });
    expect(await last('vms_interfaces', 'vm_interface_id', await nic())).toMatchObject({
      ...{ receive_rate_percent: null, received_total_byte: '1000' },
    });
  });

  it('loads nothing of the run before', async () => {
    await engine.query(`update vm_dynamic set last_start_time = now() + interval '1 second' where vm_guid = $1`, [machine]);
    await sample();
    expect(await last('vms', 'vm_id', machine)).toMatchObject({ vm_status: 1, cpu_usage_percent: null });
  });

  it('has minutes of each status in the hour', async () => {
    for (let samples = 0; samples < 3; samples++) await sample();
    await runs(0, null);
    for (let samples = 0; samples < 2; samples++) await sample();
    await aggregate(history, { kind: 'hour', begins: at(0) });
    const hours = await kept('statistics_vms_resources_usage_hourly', 'vm_id', machine);
    expect(hours.sort((a, b) => Number(a['vm_status']) - Number(b['vm_status']))).toMatchObject([
      { vm_status: 0, minutes_in_status: '2.00', cpu_usage_percent: null, currently_running_on_host: null },
      { vm_status: 1, minutes_in_status: '3.00', cpu_usage_percent: 85, currently_running_on_host: host },
    ]);
    expect(await kept('statistics_vms_disks_resources_usage_hourly', 'vm_disk_id', disk)).toMatchObject([
      { minutes_in_status: '5.00', read_rate_bytes_per_second: '4096', read_ops_total_count: '11' },
    ]);
  });

  it('ends in the history when it is removed, with its disks and interfaces', async () => {
    await sample();
    const card = await nic();
    await runs(0, null);
    await engine.query('with d as (delete from base_disks where disk_id = $2) delete from vm_static where vm_guid = $1', [machine, disk]);
    await sample();
    for (const [kind, key, id] of [
      ['vms', 'vm_id', machine],
      ['vms_disks', 'vm_disk_id', disk],
      ['vms_interfaces', 'vm_interface_id', card],
      ['vms_devices', 'device_id', disk],
    ] as const) {
      expect(await kept(`configuration_history_${kind}`, key, id)).toMatchObject([{ delete_date: at(minute) }]);
      expect(await versionOf(kind, key, id)).toBeUndefined();
    }
    expect(await history.query('select detach_date from disks_vm_map where vm_id = $1', [machine])).toEqual([{ detach_date: at(minute) }]);
    expect((await last('vms', 'vm_id', machine))['history_datetime']).toEqual(at(minute - 1));
  });

  it('counts on what its interfaces have moved when it is started anew', async () => {
    const after = async (received: string): Promise<unknown> => {
      await tell({ received });
      await sample();
      return (await last('vms_interfaces', 'vm_interface_id', await nic()))['received_total_byte'];
    };
    expect([await after('1500'), await after('200'), await after('200'), await after('700')]).toEqual(['1500', '1700', '1700', '2200']);
    const rates = 'select rx_rate, tx_rate, tx_total from vm_interface_statistics join vm_interface using (id) where vm_guid = $1';
    expect(await engine.query(rates, [machine])).toEqual([{ rx_rate: '500.0000', tx_rate: '0.0000', tx_total: '2000' }]);
    // A host that does not know once.
    expect([await after(''), await after('700')]).toEqual(['2200', '2200']);
    // Whatever a host makes up.
    expect([await after('9223372036854775807'), await after('1')]).toEqual(['9000000000000000000', '9000000000000000000']);
  });

  it('says nothing of disks that it does not have', async () => {
    const other = await addDisk(await addMachine(engine, { name: `other${seconds}` }));
    await tell({ disks: [other] });
    await sample();
    expect(await last('vms_disks', 'vm_disk_id', other)).toMatchObject({ vm_disk_status: 1, read_ops_total_count: null });
  });

  it('is stored whatever is refused of others, however many are told of', async () => {
    const [seen] = readMachines([{ vmId: machine, status: 'Up', cpuUser: '99', cpuSys: '0' }]) ?? [];
    const { usage } = seen!;
    const other = await addMachine(engine, { name: `other${seconds}` });
    const elsewhere = await addHost(engine, { name: `host${seconds}`, address: `127.0.1.${seconds}`, port: 54_321, status: 3 });
    await engine.query('update vm_dynamic set status = 1, run_on_vds = $2 where vm_guid = $1', [other, elsewhere]);
    const refused = { machine: other, host: elsewhere, usage: { ...usage, statistics: { elapsed_time: 'long' } } };
    const strangers = Array.from({ length: 600 }, () => ({ machine: randomUUID(), host: domain, usage }));
    await expect(store.store([refused, ...strangers, { machine, host, usage }])).rejects.toThrow('"long"');
    const stored = 'select vm_guid, cpu_user from vm_statistics where vm_guid = any($1)';
    expect(await engine.query(stored, [[machine, other]])).toEqual([{ vm_guid: machine, cpu_user: '99.000' }]);
    await expect(store.store([{ machine, host, usage: { ...usage, statistics: { cpu_user: 5 } } }, refused])).rejects.toThrow('"long"');
    expect(await engine.query(stored, [[machine]])).toEqual([{ vm_guid: machine, cpu_user: '5.000' }]);
  });

  it('may share a disk with another one, of which it is a device as well', async () => {
    const other = await addMachine(engine, { name: `other${seconds}` });
    const shared = await addDisk(other, { shareable: true });
    await runs(0, null);
    await engine.query(`insert into disk_vm_element (disk_id, vm_id, disk_interface) values ($1, $2, 'VirtIO')`, [shared, machine]);
    await sample();
    await sample();
    const owners = (await kept('latest_configuration_vms_devices', 'device_id', shared)).map((one) => one['vm_id']);
    expect(owners.sort()).toEqual([machine, other].sort());
    expect(await kept('configuration_history_vms_devices', 'device_id', shared)).toHaveLength(2);
  });

  it('has its tags', async () => {
    await engine.query(
      `with t as (insert into tags (tag_id, tag_name) values (gen_random_uuid(), $2) returning tag_id)
       insert into tags_vm_map (tag_id, vm_id) select tag_id, $1 from t`,
      [machine, `tag${seconds}`],
    );
    await sample();
    expect(await kept('latest_tags_relations', 'entity_id', machine)).toMatchObject([{ entity_type: 2 }]);
  });

  it('is not mixed up with templates and their disks', async () => {
    await runs(0, null);
    await engine.query(`update vm_static set entity_type = 'TEMPLATE' where vm_guid = $1`, [machine]);
    await sample();
    for (const [kind, key, id] of [
      ['vms', 'vm_id', machine],
      ['vms_disks', 'vm_disk_id', disk],
    ] as const) {
      expect(await versionOf(kind, key, id)).toBeUndefined();
      expect(await kept(`statistics_${kind}_resources_usage_samples`, key, id)).toEqual([]);
    }
  });
});

describe('a host', () => {
  it('has a sample with what was told as long as it is asked', async () => {
    await engine.query(
      `update vds_statistics set usage_cpu_percent = 16, usage_mem_percent = 35, cpu_load = 1.26, swap_total = 4096, swap_free = 4000 where vds_id = $1`,
      [host],
    );
    await engine.query('update vds_dynamic set vm_active = 2, vm_count = 3 where vds_id = $1', [host]);
    await sample();
    expect(await last('hosts', 'host_id', host)).toMatchObject({
      ...{
        host_status: 1,
        cpu_usage_percent: 16,
        memory_usage_percent: 35,
        cpu_load: 126,
        swap_used_mb: '96',
        active_vms: 2,
        total_vms: 3,
      },
      host_configuration_version: await versionOf('hosts', 'host_id', host),
    });
    for (const [status, counted] of [
      [2, 2],
      [4, 3],
    ]) {
      await engine.query('update vds_dynamic set status = $2 where vds_id = $1', [host, status]);
      await sample();
      expect(await last('hosts', 'host_id', host)).toMatchObject({
        ...{ host_status: counted, cpu_usage_percent: null, cpu_load: null, active_vms: null, swap_used_mb: null },
      });
    }
  });
});
