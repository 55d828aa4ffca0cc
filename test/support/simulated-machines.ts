import { randomUUID } from 'node:crypto';
import type { TestPostgres } from './postgres.ts';

/* Virtual machines that are made up: their rows. */

export interface TestMachine {
  readonly name: string;
  readonly memoryMb?: number;
  /** Networks that its cards are connected to. */
  readonly networks?: readonly string[];
  /** Its number; down unless given. */
  readonly status?: number;
  /** The host that it runs on. */
  readonly host?: string;
  readonly cluster?: string;
}

/** Adds the rows of a machine with a display and a drive, and returns its id. */
export async function addMachine(
  postgres: Pick<TestPostgres, 'query'>,
  { name, memoryMb = 1_024, networks = [], status = 0, host, cluster = 'Default' }: TestMachine,
): Promise<string> {
  const id = randomUUID();
  await postgres.query(
    `with s as (insert into vm_static (vm_guid, vm_name, entity_type, cluster_id, vmt_guid, mem_size_mb, max_memory_size_mb, min_allocated_mem)
       select $1, $2, 'VM', cluster_id, '00000000-0000-0000-0000-000000000000', $3, $3, $3 from cluster where name = $4 returning vm_guid),
     d as (insert into vm_dynamic (vm_guid, status, run_on_vds) select vm_guid, $5, $6 from s)
     insert into vm_device (device_id, vm_id, type, device)
     select gen_random_uuid(), vm_guid, one.type, one.device
     from s, (values ('graphics', 'vnc'), ('video', 'vga'), ('disk', 'cdrom')) as one (type, device)`,
    [id, name, memoryMb, cluster, status, host ?? null],
  );
  for (const [at, network] of networks.entries()) {
    await postgres.query(
      `insert into vm_interface (id, vm_guid, name, mac_addr, vnic_profile_id)
       select gen_random_uuid(), $1, $2, $3, p.id from vnic_profiles p join network n on n.id = p.network_id where n.name = $4 limit 1`,
      [id, `nic${at + 1}`, `56:6f:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}:0${at}`, network],
    );
  }
  return id;
}
