import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { addHost } from '../support/simulated-host.ts';
import { addMachine } from '../support/simulated-machines.ts';

/* What the data warehouse and setup are shown of virtual machines. */

let postgres: TestPostgres;
let host: string;
beforeAll(async () => {
  postgres = await startPostgres();
  host = await addHost(postgres, { name: 'host1', address: '127.0.0.1', port: 54_321, status: 3 });
});
afterAll(() => postgres.stop());

it('shows the warehouse what machines are, and how they are', async () => {
  const id = await addMachine(postgres, { name: 'vm1', memoryMb: 512, networks: ['ovirtmgmt'], status: 1, host });
  await postgres.query(`insert into vm_statistics (vm_guid, cpu_user, cpu_sys, usage_cpu_percent) values ($1, 12.6, 3.2, 16)`, [id]);
  await postgres.query(
    `insert into vm_interface_statistics (id, rx_total, tx_total, rx_rate, tx_rate) select id, 1000, 2000, 12500000, 1 from vm_interface`,
  );
  expect(await postgres.query('select * from dwh_vm_configuration_history_view')).toMatchObject([
    { vm_id: id, vm_name: 'vm1', template_name: 'Blank', memory_size_mb: '512', high_availability: false, default_host: null },
  ]);
  const look = 'select vm_id, vm_status, cpu_usage_percent, user_cpu_usage_percent, currently_running_on_host from dwh_vm_history_view';
  expect(await postgres.query(look)).toEqual([
    { vm_id: id, vm_status: 1, cpu_usage_percent: 16, user_cpu_usage_percent: 13, currently_running_on_host: host },
  ]);
  expect(await postgres.query('select * from dwh_vm_interface_configuration_history_view')).toMatchObject([
    { vm_id: id, vm_interface_name: 'nic1', vm_interface_speed_bps: '10000000000', logical_network_name: 'ovirtmgmt' },
  ]);
  expect(await postgres.query('select * from dwh_vm_interface_history_view')).toMatchObject([
    { receive_rate_percent: 1, transmit_rate_percent: 0, received_total_byte: '1000' },
  ]);
  // Neither its display nor its drive.
  expect(await postgres.query('select vm_id, type, is_plugged from dwh_vm_device_history_view')).toEqual([
    { vm_id: id, type: 'interface', is_plugged: true },
  ]);
  await postgres.query('insert into vm_host_pinning_map values ($1, $2)', [id, host]);
  expect(await postgres.query('select default_host from dwh_vm_configuration_history_view')).toEqual([{ default_host: host }]);
});

it.each([
  [-1, 0],
  [0, 0],
  [1, 1],
  [2, 1],
  [4, 2],
  [7, 3],
  [9, 1],
  [13, 0],
  [16, 1],
])('counts the status %i of a machine as %i', async (status, counted) => {
  await postgres.query('update vm_dynamic set status = $1', [status]);
  expect(await postgres.query('select vm_status from dwh_vm_history_view')).toEqual([{ vm_status: counted }]);
});

it('tells setup of the machine that an engine runs in', async () => {
  expect(await postgres.query('select * from setup_hosted_engine_view')).toEqual([]);
  await addMachine(postgres, { name: 'HostedEngine', status: 1, host });
  expect(await postgres.query('select * from setup_hosted_engine_view')).toEqual([
    { vm_name: 'HostedEngine', host_name: 'host1', is_global_maintenance: null },
  ]);
});
