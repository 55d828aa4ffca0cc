import { randomUUID } from 'node:crypto';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { apiCalls, type Json } from '../support/api-calls.ts';
import { addUser, adminPassword } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';
import { type AgentPki, makeAgentPki, type SimulatedAgents, SimulatedFailure, startSimulatedAgents } from '../support/simulated-agent.ts';
import { addHost, wellBehaved } from '../support/simulated-host.ts';
import { simulatedStorage, type SimulatedStorage } from '../support/simulated-storage.ts';

const addresses = ['127.0.0.1', ...Array.from({ length: 60 }, (_, at) => `127.0.3.${at + 1}`)];
const pki: AgentPki = await makeAgentPki(addresses);
const running = useEngine(
  async (postgres) => {
    const options = {
      ...{ VdsStatisticsInSeconds: '1', TimeoutToResetVdsInSeconds: '2', NonOperationalRetryInSeconds: '1' },
      StoragePoolRefreshTimeInSeconds: '1',
    };
    await addUser(postgres, 'mortal', 'Mortal-Pass-1');
    await postgres.query(
      `select attach_user_to_role('mortal', 'internal-authz', '*', uuid::text, 'UserRole') from aaa_jdbc.users where name = 'mortal'`,
    );
    // On something that has no storage in it.
    await postgres.query(`update permissions set object_id = (select id from mac_pools), object_type_id = 28
      where ad_element_id = (select user_id from users where username = 'mortal')`);
    for (const [name, value] of Object.entries(options))
      await postgres.query('update vdc_options set option_value = $2 where option_name = $1', [name, value]);
  },
  {
    settings: {
      ENGINE_PKI_CA: pki.path('ca.pem'),
      ENGINE_PKI_ENGINE_CERT: pki.path('engine.pem'),
      ENGINE_PKI_ENGINE_KEY: pki.path('engine.key'),
    },
  },
);
const { got, fault, call } = apiCalls(running);
const eventually = (holds: () => Promise<void>): Promise<void> => vi.waitFor(holds, { timeout: 30_000, interval: 50 });

let agents: SimulatedAgents;
let storage: SimulatedStorage;
let count = 0;
let hostCount = 0;
beforeAll(async () => {
  storage = await simulatedStorage();
  agents = await startSimulatedAgents(pki, { everywhere: true });
});
beforeEach(() => {
  agents.verbs = { ...wellBehaved(), ...storage.verbs };
  storage.barred.clear();
});
afterAll(async () => {
  await agents.stop();
  await storage.remove();
  await pki.remove();
});

interface Host {
  readonly id: string;
  readonly name: string;
  readonly address: string;
}
interface Center {
  readonly id: string;
  readonly name: string;
  readonly hosts: readonly Host[];
}

const post = (path: string, body: object = {}) => got(path, { method: 'POST', body });
const remove = (path: string) => got(path, { method: 'DELETE' });
const hostStatus = async (id: string): Promise<unknown> => (await got(`hosts/${id}`))['status'];

/** A data center with hosts that are up. */
async function center(hosts = 1, more: object = {}): Promise<Center> {
  const name = `dc${++count}`;
  const made = await post('datacenters', { name, ...more });
  await post('clusters', {
    name: `${name}-cluster`,
    data_center: { id: made['id'] as string },
    cpu: { type: 'Intel Skylake Server Family' },
  });
  const all: Host[] = [];
  for (let at = 0; at < hosts; at++) all.push(await host(`${name}-cluster`));
  return { id: made['id'] as string, name, hosts: all };
}
async function host(cluster: string): Promise<Host> {
  const address = addresses[++hostCount]!;
  const name = `host${hostCount}`;
  const id = await addHost(running.postgres, { name, address, port: agents.port, cluster });
  await post(`hosts/${id}/activate`);
  await eventually(async () => expect(await hostStatus(id)).toBe('up'));
  return { id, name, address };
}
/** A domain on an export of its own. */
async function domain(on: Host, more: object = {}): Promise<{ readonly id: string; readonly name: string; readonly path: string }> {
  const name = `domain${++count}`;
  const path = await storage.offer(`server:/export/${name}`);
  const made = await post('storagedomains', {
    name,
    type: 'data',
    storage: { type: 'nfs', address: 'server', path: `/export/${name}` },
    host: { name: on.name },
    ...more,
  });
  expect(made['status']).toBe('unattached');
  return { id: made['id'] as string, name, path };
}
const inCenter = async ({ id }: Center, of: string): Promise<Json> => got(`datacenters/${id}/storagedomains/${of}`);
const becomes = (where: Center, of: string, status: string) =>
  eventually(async () => expect((await inCenter(where, of))['status']).toBe(status));
const centerBecomes = (where: Center, status: string) =>
  eventually(async () => expect((await got(`datacenters/${where.id}`))['status']).toBe(status));
async function attach(to: Center, of: { readonly id: string }): Promise<void> {
  await post(`datacenters/${to.id}/storagedomains`, { id: of.id });
  await becomes(to, of.id, 'active');
  await settled();
}
/** A data center with an active master domain. */
async function working(
  hosts = 1,
): Promise<Center & { readonly master: { readonly id: string; readonly name: string; readonly path: string } }> {
  const made = await center(hosts);
  const master = await domain(made.hosts[0]!);
  await attach(made, master);
  return { ...made, master };
}
/** A disk on a domain, and a virtual machine of the data center that has it: their rows. */
async function diskOn({ name }: Center, of: string): Promise<{ readonly disk: string; readonly machine: string }> {
  const [disk, machine] = [randomUUID(), randomUUID()];
  await running.postgres.query(
    `with d as (insert into base_disks (disk_id, disk_alias) values ($1, 'disk')),
       i as (insert into images (image_guid, image_group_id, size, volume_type, volume_format, imagestatus) values ($1, $1, 1024, 2, 5, 1)),
       x as (insert into image_storage_domain_map (image_id, storage_domain_id) values ($1, $2)),
       v as (insert into vm_static (vm_guid, vm_name, entity_type, vmt_guid, cluster_id, mem_size_mb, max_memory_size_mb, min_allocated_mem)
         select $3::uuid, $3::text, 'VM', '00000000-0000-0000-0000-000000000000', cluster_id, 512, 512, 512 from cluster where name = $4),
       y as (insert into vm_dynamic (vm_guid) values ($3::uuid))
     insert into disk_vm_element (disk_id, vm_id, disk_interface) values ($1, $3::uuid, 'VirtIO')`,
    [disk, of, machine, `${name}-cluster`],
  );
  return { disk, machine };
}
const run = (machine: string, status: number, disc: string | null = null): Promise<unknown> =>
  running.postgres.query('update vm_dynamic set status = $2, current_cd = $3 where vm_guid = $1', [machine, status, disc]);
/** Has a command work on something, until what is returned is called. */
async function workOn(id: string): Promise<() => Promise<unknown>> {
  await running.postgres.query(
    `with c as (insert into command_entities (command_id, command_type, command_parameters, user_name, correlation_id, job_id, step_id)
       values (gen_random_uuid(), 'Unknown', '{}', 'somebody', 'x', gen_random_uuid(), gen_random_uuid()) returning command_id)
     insert into command_locks (object_id, command_id) select $1, command_id from c`,
    [id],
  );
  return () => running.postgres.query(`delete from command_entities where command_type = 'Unknown'`);
}
const settled = () => eventually(async () => expect(await running.postgres.query('select command_type from command_entities')).toEqual([]));
const codes = async (of: string): Promise<readonly number[]> =>
  (
    await running.postgres.query<{ code: number }>(
      'select log_type as code from audit_log where storage_domain_id = $1 order by audit_log_id',
      [of],
    )
  ).map(({ code }) => code);
const spmOf = async (all: readonly Host[]): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const { id, name } of all) if ((await got(`hosts/${id}`))['spm'].status === 'spm') found.push(name);
  return found;
};

describe('a storage domain', () => {
  it('is made on the storage by the host that is named, shown, and let go of', async () => {
    const { hosts } = await center();
    const { id, name, path } = await domain(hosts[0]!);
    expect(await readdir(join(path, id))).toEqual(['dom_md', 'images', 'master']);
    expect(await got(`storagedomains/${id}`)).toMatchObject({
      name,
      type: 'data',
      master: 'false',
      status: 'unattached',
      storage_format: 'v5',
      external_status: 'ok',
      storage: { type: 'nfs', address: 'server', path: `/export/${name}` },
      available: expect.stringMatching(/^\d+$/),
      used: expect.stringMatching(/^\d+$/),
      committed: '0',
      warning_low_space_indicator: '10',
      critical_space_action_blocker: '5',
    });
    expect(await codes(id)).toEqual([9870, 956]);
    const { storage_connection: connections } = await got(`storagedomains/${id}/storageconnections`);
    expect(connections).toMatchObject([{ type: 'nfs', address: 'server', path: `/export/${name}` }]);
    expect(await (await storage.of(hosts[0]!.address)).fails('StorageDomain.getInfo', { storagedomainID: id })).toBe(358);
    expect(
      (await got(`storagedomains?search=${encodeURIComponent(`name=${name} and status=unattached and type=nfs`)}`))['storage_domain'],
    ).toHaveLength(1);
  });

  it('makes its data center work, and the host its SPM, when it is the first one attached', async () => {
    const made = await center(2);
    const master = await domain(made.hosts[0]!);
    await attach(made, master);
    await centerBecomes(made, 'up');
    expect(await got(`datacenters/${made.id}`)).toMatchObject({ status: 'up', storage_format: 'v5' });
    expect(await inCenter(made, master.id)).toMatchObject({ status: 'active', master: 'true', type: 'data', data_center: { id: made.id } });
    const shown = await got(`storagedomains/${master.id}`);
    expect(shown['status']).toBeUndefined();
    expect(shown['data_centers']).toEqual({ data_center: [{ id: made.id, href: `/ovirt-engine/api/datacenters/${made.id}` }] });
    expect(await spmOf(made.hosts)).toEqual([made.hosts[0]!.name]);
    for (const { address } of made.hosts)
      expect(await (await storage.of(address)).call('Host.getConnectedStoragePools')).toEqual([made.id]);
    expect(await codes(master.id)).toEqual([9870, 956, 9875, 962]);
    expect((await got(`datacenters?search=storage%3D${master.name}`))['data_center']).toHaveLength(1);
    const told = await running.postgres.query('select message from audit_log where log_type = 204 and storage_pool_id = $1', [made.id]);
    expect(told).toEqual([
      { message: `Host ${made.hosts[0]!.name} (${made.hosts[0]!.address}) is the storage pool manager of data center ${made.name}.` },
    ]);
    expect(
      await running.postgres.query('select storage_domain_status from dwh_storage_domain_history_view where storage_domain_id = $1', [
        master.id,
      ]),
    ).toEqual([{ storage_domain_status: 1 }]);
  });

  it('joins others, is seen by all hosts, and goes out again', async () => {
    const made = await working(2);
    const second = await domain(made.hosts[1]!);
    await attach(made, second);
    for (const { address } of made.hosts)
      expect(await (await storage.of(address)).call('StorageDomain.getInfo', { storagedomainID: second.id })).toMatchObject({
        pool: [made.id],
      });
    expect(await fault(`datacenters/${made.id}/storagedomains/${made.master.id}/deactivate`, { method: 'POST', body: {} })).toEqual([
      409,
      expect.any(String),
    ]);
    await post(`datacenters/${made.id}/storagedomains/${second.id}/deactivate`);
    await becomes(made, second.id, 'maintenance');
    await settled();
    for (const { address } of made.hosts)
      expect(await (await storage.of(address)).fails('StorageDomain.getInfo', { storagedomainID: second.id })).toBe(358);
    await post(`datacenters/${made.id}/storagedomains/${second.id}/activate`);
    await becomes(made, second.id, 'active');
    await settled();
    await post(`datacenters/${made.id}/storagedomains/${second.id}/deactivate`);
    await becomes(made, second.id, 'maintenance');
    await settled();
    await remove(`datacenters/${made.id}/storagedomains/${second.id}`);
    expect((await got(`storagedomains/${second.id}`))['status']).toBe('unattached');
    await remove(`storagedomains/${second.id}?format=true&host=${made.hosts[0]!.name}`);
    expect((await call(`storagedomains/${second.id}`)).status).toBe(404);
    expect(await readdir(second.path)).toEqual([]);
    expect(await codes(second.id)).toEqual([9870, 956, 9875, 962, 9877, 968, 9876, 966, 9877, 968, 9878, 964, 9873, 960]);
  });

  it('that is the master takes the role of the SPM with it, brings it back, and leaves its data center empty', async () => {
    const made = await working(2);
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/deactivate`);
    await becomes(made, made.master.id, 'maintenance');
    await settled();
    await centerBecomes(made, 'maintenance');
    expect(await spmOf(made.hosts)).toEqual([]);
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/activate`);
    await becomes(made, made.master.id, 'active');
    await settled();
    await centerBecomes(made, 'up');
    expect(await spmOf(made.hosts)).toHaveLength(1);
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/deactivate`);
    await becomes(made, made.master.id, 'maintenance');
    await settled();
    await remove(`datacenters/${made.id}/storagedomains/${made.master.id}`);
    expect(await got(`datacenters/${made.id}`)).toMatchObject({ status: 'uninitialized' });
    expect(await got(`storagedomains/${made.master.id}`)).toMatchObject({ status: 'unattached', master: 'false' });
    // And it can begin anew.
    await attach(made, made.master);
    await centerBecomes(made, 'up');
  });

  it('is not taken away from commands and from virtual machines that have a disc from it', async () => {
    const made = await working();
    const other = await working();
    const iso = await domain(made.hosts[0]!, { type: 'iso' });
    await attach(made, iso);
    const { disk, machine } = await diskOn(made, made.master.id);
    const elsewhere = await diskOn(other, other.master.id);
    const deactivate = (of: string) => call(`datacenters/${made.id}/storagedomains/${of}/deactivate`, { method: 'POST', body: {} });
    const refused = (why: string) => ({ status: 409, body: expect.stringContaining(why) as string });
    const inDrives = refused('1 virtual machines have a disc from it in their drives');
    await run(machine, 1, 'debian.iso');
    expect(await deactivate(iso.id)).toMatchObject(inDrives);
    // What others play is not from here, and neither is a disk.
    await run(elsewhere.machine, 1, 'debian.iso');
    await run(machine, 1, elsewhere.disk);
    await post(`datacenters/${made.id}/storagedomains/${iso.id}/deactivate`);
    await becomes(made, iso.id, 'maintenance');
    await settled();
    await run(machine, 0);
    await run(elsewhere.machine, 1, disk.toUpperCase());
    expect(await deactivate(made.master.id)).toMatchObject(inDrives);
    await run(elsewhere.machine, 0);
    const end = await workOn(disk);
    expect(await deactivate(made.master.id)).toMatchObject(refused('its disks are being worked on'));
    await end();
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/deactivate`);
    await becomes(made, made.master.id, 'maintenance');
    await settled();
  });

  it('stays with a machine that was started in the very moment in which it was to go', async () => {
    const made = await working();
    const { machine } = await diskOn(made, made.master.id);
    // The start is written along with the deactivation, so neither sees the other.
    await running.postgres.query(
      `create function start_now() returns trigger language plpgsql as
         $$ begin update vm_dynamic set status = 9 where vm_guid = '${machine}'; return null; end $$;
       create trigger start_now after update on storage_pool_iso_map execute function start_now()`,
    );
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/deactivate`);
    await settled();
    await running.postgres.query('drop function start_now cascade');
    expect((await inCenter(made, made.master.id))['status']).toBe('active');
    expect((await got(`datacenters/${made.id}`))['status']).toBe('up');
    expect((await codes(made.master.id)).at(-1)).toBe(969);
    await run(machine, 0);
  });

  it('that is there is taken over by its id, and only as what it is', async () => {
    const made = await working();
    const other = await domain(made.hosts[0]!);
    await remove(`storagedomains/${other.id}`);
    const body = {
      ...{ id: other.id, name: `${other.name}-again`, type: 'data', host: { id: made.hosts[0]!.id } },
      storage: { type: 'nfs', address: 'server', path: `/export/${other.name}` },
    };
    expect(await fault('storagedomains', { method: 'POST', body: { ...body, type: 'iso' } })).toEqual([
      409,
      expect.stringContaining('class Data, not Iso'),
    ]);
    expect((await post('storagedomains', body))['id']).toBe(other.id);
    await attach(made, other);
    expect(await readdir(join(other.path, other.id))).toContain('dom_md');
  });

  it('for ISO files shows them, and again when they have changed', async () => {
    const made = await working();
    const iso = await domain(made.hosts[0]!, { type: 'iso' });
    expect((await got(`storagedomains/${iso.id}`))['storage_format']).toBe('v1');
    await attach(made, iso);
    const folder = join(iso.path, iso.id, 'images/11111111-1111-1111-1111-111111111111');
    await writeFile(join(folder, 'debian.iso'), 'x');
    await writeFile(join(folder, 'readme.txt'), 'x');
    const { file } = await got(`storagedomains/${iso.id}/files?refresh=true`);
    expect(file).toMatchObject([{ id: 'debian.iso', name: 'debian.iso', storage_domain: { id: iso.id } }]);
    await writeFile(join(folder, 'other.iso'), 'x');
    expect((await got(`storagedomains/${iso.id}/files?refresh=true&search=name%3Doth*`))['file']).toHaveLength(1);
    expect((await got(`storagedomains/${iso.id}/files/debian.iso`))['name']).toBe('debian.iso');
    agents.verbs['StorageDomain.getFileStats'] = () => {
      throw new SimulatedFailure(379, 'the storage is away');
    };
    expect((await call(`storagedomains/${iso.id}/files?refresh=true`)).status).toBe(409);
    expect((await got(`storagedomains/${iso.id}/files`))['file']).toHaveLength(2);
    expect(
      await fault(`datacenters/${made.id}/storagedomains`, {
        method: 'POST',
        body: { id: (await domain(made.hosts[0]!, { type: 'iso' })).id },
      }),
    ).toEqual([409, expect.stringContaining('of this type already')]);
  });

  it('on another file system of POSIX is mounted as it says', async () => {
    const made = await working();
    const shared = `/shared/${++count}`;
    await storage.offer(shared);
    const asked: Json[] = [];
    agents.verbs['StoragePool.connectStorageServer'] = (params, of) => {
      asked.push(params);
      return storage.verbs['StoragePool.connectStorageServer']!(params, of);
    };
    const { id } = await domain(made.hosts[0]!, { storage: { type: 'posixfs', path: shared, vfs_type: 'bind', mount_options: 'noatime' } });
    expect(asked[0]).toMatchObject({
      domainType: 6,
      connectionParams: [{ connection: shared, vfs_type: 'bind', mnt_options: 'noatime' }],
    });
    await attach(made, { id });
    expect(await inCenter(made, id)).toMatchObject({ storage: { type: 'posixfs', path: shared, vfs_type: 'bind' } });
    // And it says how NFS is to be mounted.
    const path = `/export/v41-${++count}`;
    await storage.offer(`server:${path}`);
    await domain(made.hosts[0]!, {
      storage: { type: 'nfs', address: 'server', path, nfs_version: 'v4_1', nfs_timeo: 50, nfs_retrans: 2, mount_options: 'rsize=65536' },
    });
    expect(asked.at(-1)).toMatchObject({
      domainType: 1,
      connectionParams: [{ connection: `server:${path}`, protocol_version: '4.1', timeout: 50, retrans: 2, mnt_options: 'rsize=65536' }],
    });
  });

  it('that could not be reached, and cannot be activated, stays connected', async () => {
    const made = await working();
    await running.postgres.query('update storage_pool_iso_map set status = 4 where storage_id = $1', [made.master.id]);
    agents.verbs['StoragePool.getInfo'] = () => ({});
    agents.verbs['StorageDomain.activate'] = () => {
      throw new SimulatedFailure(350, 'no');
    };
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/activate`);
    await settled();
    expect(await inCenter(made, made.master.id)).toMatchObject({ status: 'inactive' });
    expect(
      await (await storage.of(made.hosts[0]!.address)).call('StorageDomain.getInfo', { storagedomainID: made.master.id }),
    ).toMatchObject({
      role: 'Master',
    });
    agents.verbs = { ...wellBehaved(), ...storage.verbs };
    await becomes(made, made.master.id, 'active');
  });

  it('for ISO files takes one from engine-iso-uploader, which has the list read anew', async () => {
    const made = await working();
    const iso = await domain(made.hosts[0]!, { type: 'iso' });
    const { engine } = running;
    // The file server is a folder here, so ssh goes no further.
    const ssh = `#!/bin/sh\nfor last; do :; done\nexec sh -c "$(printf '%s' "$last" | sed 's#/export/${iso.name}#${iso.path}#')"\n`;
    await writeFile(join(engine.folder, 'ssh'), ssh, { mode: 0o755 });
    await writeFile(join(engine.folder, 'tiny.iso'), 'an ISO file');
    const upload = (...args: readonly string[]) =>
      execa(
        new URL('../../bin/engine-iso-uploader', import.meta.url).pathname,
        ['-r', `localhost:${engine.port}`, '--cert-file=ca.pem', '--conf-file=ca.conf', ...args],
        { cwd: engine.folder, input: `${adminPassword}\n`, reject: false, env: { PATH: `${engine.folder}:${process.env['PATH'] ?? ''}` } },
      );
    await writeFile(join(engine.folder, 'ca.conf'), '');
    expect(await upload('-i', iso.name, 'upload', 'tiny.iso')).toMatchObject({
      exitCode: 1,
      stderr: `ERROR: The storage domain ${iso.name} is not attached to a data center.`,
    });
    await attach(made, iso);
    expect(await upload('list')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(new RegExp(`^${iso.name} +\\| ok$`, 'm')) as string,
    });
    expect(await upload('-i', iso.name, 'upload', 'tiny.iso')).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await got(`storagedomains/${iso.id}/files`))['file']).toMatchObject([{ id: 'tiny.iso' }]);
  });

  it('on a folder of the host is for local data centers', async () => {
    const [shared, local] = [await center(), await center(1, { local: true })];
    const path = await storage.local(`local${++count}`);
    const made = await post('storagedomains', {
      ...{ name: `local${count}`, type: 'data', storage: { type: 'localfs', path }, host: { id: local.hosts[0]!.id } },
    });
    expect(made['host']['id']).toBe(local.hosts[0]!.id);
    expect(await fault(`datacenters/${shared.id}/storagedomains`, { method: 'POST', body: { id: made['id'] as string } })).toEqual([
      409,
      expect.stringContaining('is not local'),
    ]);
    await attach(local, { id: made['id'] as string });
    await centerBecomes(local, 'up');
  });

  it('is removed from the storage only by a host that finds it there', async () => {
    const [{ hosts: all }, other] = [await center(1, { local: true }), await center()];
    const path = await storage.local(`local${++count}`);
    const { id } = await post('storagedomains', {
      ...{ name: `local${count}`, type: 'data', storage: { type: 'localfs', path }, host: { id: all[0]!.id } },
    });
    const format = (host: Host) => `storagedomains/${String(id)}?format=true&host=${host.name}`;
    expect(await fault(format(other.hosts[0]!), { method: 'DELETE' })).toEqual([409, expect.stringContaining('local to another host')]);
    await rename(join(path, String(id)), join(path, 'hidden'));
    expect(await fault(format(all[0]!), { method: 'DELETE' })).toEqual([409, expect.stringContaining('does not find it on the storage')]);
    expect(await got(`storagedomains/${String(id)}`)).toMatchObject({ status: 'unattached' });
    await rename(join(path, 'hidden'), join(path, String(id)));
    await remove(format(all[0]!));
    expect(await readdir(path)).toEqual([]);
  });
});

describe('who may not', () => {
  it('see or change anything is told so, and a data center that has storage stays', async () => {
    const made = await working();
    const mortal = basic('mortal@internal', 'Mortal-Pass-1');
    for (const path of ['storagedomains', 'storageconnections']) expect((await call(path, { as: mortal })).status, path).toBe(403);
    expect((await call(`storagedomains/${made.master.id}`, { as: mortal })).status).toBe(404);
    expect((await call(`datacenters/${made.id}/storagedomains`, { as: mortal, method: 'POST', body: { id: made.master.id } })).status).toBe(
      404,
    );
    expect((await call('storagedomains', { as: mortal, method: 'POST', body: {} })).status).toBe(403);
    expect((await call(`storagedomains/${made.master.id}?destroy=true`, { as: mortal, method: 'DELETE' })).status).toBe(404);
    expect((await call(`datacenters/${made.id}`, { method: 'DELETE' })).status).toBe(409);
    expect((await call(`storagedomains/${made.master.id}?destroy=true`, { method: 'DELETE' })).status).toBe(409);
    expect((await call(`storagedomains/${made.master.id}?format=true`, { method: 'DELETE' })).status).toBe(409);
    expect(await inCenter(made, made.master.id)).toMatchObject({ status: 'active' });
  });
});

describe('what is wrong', () => {
  it('with a request is said, and nothing is made', async () => {
    const { hosts } = await center();
    const body = (storage: object, more: object = {}) => ({
      name: 'wrong',
      type: 'data',
      host: { name: hosts[0]!.name },
      storage,
      ...more,
    });
    const nfs = { type: 'nfs', address: 'server', path: '/export/wrong' };
    const cases: readonly (readonly [object, number, RegExp])[] = [
      [{ ...body(nfs), name: '' }, 400, /StorageDomain \[name\] required for add/],
      [{ name: 'wrong', storage: nfs }, 400, /host\.id\|name/],
      [body({}), 400, /storage/],
      [body({ type: 'iscsi', logical_units: {} }), 400, /not supported yet/],
      [body({ type: 'floppy' }), 400, /must be one of/],
      [body({ type: 'nfs', path: '/x' }), 400, /storage\.address/],
      [body({ ...nfs, path: 'x' }), 400, /begins with/],
      [body({ ...nfs, path: '/a/../b' }), 400, /without \. and \.\./],
      [body({ ...nfs, path: '/a\nb' }), 400, /one line/],
      [body({ ...nfs, address: 'a b;c' }), 400, /name or the address/],
      [body({ ...nfs, nfs_version: 'v9' }), 400, /nfs_version/],
      [body({ type: 'posixfs', path: '/x' }), 400, /vfs_type/],
      [body({ type: 'posixfs', path: '/x', vfs_type: '../x' }), 400, /file system/],
      [body(nfs, { type: 'volume' }), 400, /type must be one of/],
      [body(nfs, { storage_format: 'v3' }), 400, /storage_format/],
      [body(nfs, { warning_low_space_indicator: 101 }), 400, /from 0 to 100/],
      [body(nfs, { id: 'x' }), 400, /UUID/],
      [body(nfs, { host: { name: 'nobody' } }), 404, /none of the hosts/],
      [body({ id: '00000000-0000-4000-8000-000000000001' }), 404, /storageconnections/],
    ];
    for (const [sent, status, text] of cases)
      expect(await fault('storagedomains', { method: 'POST', body: sent }), JSON.stringify(sent)).toEqual([
        status,
        expect.stringMatching(text),
      ]);
    expect(await running.postgres.query(`select from storage_server_connections where connection like '%wrong%'`)).toEqual([]);
  });

  it('with the storage is said with the reason, and nothing remains', async () => {
    const { hosts } = await center();
    await storage.offer('server:/export/barred');
    storage.barred.add(hosts[0]!.address);
    const body = {
      name: 'barred',
      type: 'data',
      host: { name: hosts[0]!.name },
      storage: { type: 'nfs', address: 'server', path: '/export/barred' },
    };
    expect(await fault('storagedomains', { method: 'POST', body })).toEqual([409, expect.stringContaining('could not be mounted')]);
    expect(await running.postgres.query(`select from storage_domain_static where storage_name = 'barred'`)).toEqual([]);
    expect(await running.postgres.query(`select from storage_server_connections where connection = 'server:/export/barred'`)).toEqual([]);
    storage.barred.clear();
    agents.verbs['StorageDomain.getStats'] = () => {
      throw new SimulatedFailure(379, 'no');
    };
    expect((await fault('storagedomains', { method: 'POST', body }))[0]).toBe(409);
    expect(await readdir(join(storage.folder, 'exports', 'server:_export_barred'))).toEqual([]);
  });

  it('while a pool is made is taken back, and the same domain can be attached later', async () => {
    const made = await center();
    const master = await domain(made.hosts[0]!);
    const verb = agents.verbs['StorageDomain.activate']!;
    agents.verbs['StorageDomain.activate'] = () => {
      throw new SimulatedFailure(350, 'it does not want to');
    };
    await post(`datacenters/${made.id}/storagedomains`, { id: master.id });
    await settled();
    expect((await call(`datacenters/${made.id}/storagedomains/${master.id}`)).status).toBe(404);
    expect(await got(`storagedomains/${master.id}`)).toMatchObject({ status: 'unattached', master: 'false' });
    expect(await got(`datacenters/${made.id}`)).toMatchObject({ status: 'uninitialized' });
    expect((await codes(master.id)).slice(-1)).toEqual([963]);
    expect(await (await storage.of(made.hosts[0]!.address)).call('Host.getConnectedStoragePools')).toEqual([]);
    agents.verbs['StorageDomain.activate'] = verb;
    await attach(made, master);
  });

  it('while a pool is looked at is taken back after that, so that the data center can begin anew', async () => {
    const made = await center();
    const master = await domain(made.hosts[0]!);
    let looks = 0;
    let end = (): void => undefined;
    const verbs = agents.verbs;
    const refused = new SimulatedFailure(379, 'the storage is away');
    agents.verbs = {
      ...verbs,
      // The second look in a row takes its time, and finds that the storage cannot be managed.
      'StoragePool.getInfo': (params, of) => {
        if (params['storagepoolID'] !== made.id) return verbs['StoragePool.getInfo']!(params, of);
        if (++looks === 1) throw refused;
        return new Promise((_resolve, reject) => (end = () => reject(refused)));
      },
      'StorageDomain.activate': async () => {
        await eventually(async () => expect(looks).toBeGreaterThan(1));
        throw refused;
      },
    };
    await post(`datacenters/${made.id}/storagedomains`, { id: master.id });
    await eventually(async () => expect(looks).toBeGreaterThan(1));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    end();
    await settled();
    expect(await got(`datacenters/${made.id}`)).toMatchObject({ status: 'uninitialized' });
    agents.verbs = verbs;
    await attach(made, master);
  });

  it('with one of the hosts keeps a domain for data from being attached', async () => {
    const made = await working(2);
    const second = await domain(made.hosts[0]!);
    storage.barred.add(made.hosts[1]!.address);
    await post(`datacenters/${made.id}/storagedomains`, { id: second.id });
    await settled();
    const [event] = await running.postgres.query<{ message: string }>(
      'select message from audit_log where log_type = 963 and storage_domain_id = $1',
      [second.id],
    );
    expect(event?.message).toContain(`Host ${made.hosts[1]!.name} cannot be connected to storage domain ${second.name}`);
    expect((await got(`storagedomains/${second.id}`))['status']).toBe('unattached');
  });

  it('with what an agent says does no harm', async () => {
    const { hosts } = await center();
    const body = (name: string) => ({
      name,
      host: { name: hosts[0]!.name },
      storage: { type: 'nfs', address: 'server', path: `/export/${name}` },
    });
    for (const lie of [null, 'yes', [], [{}], [{ id: 'x', status: 0 }], { a: 1 }]) {
      agents.verbs['StoragePool.connectStorageServer'] = () => lie;
      expect((await fault('storagedomains', { method: 'POST', body: body('liar') }))[0], JSON.stringify(lie)).toBe(409);
    }
    agents.verbs['StoragePool.connectStorageServer'] = storage.verbs['StoragePool.connectStorageServer']!;
    await storage.offer('server:/export/liar2');
    agents.verbs['StorageDomain.getStats'] = () => ({ disktotal: 'many', diskfree: -1 });
    expect((await post('storagedomains', body('liar2')))['available']).toBeUndefined();
  });
});

describe('hosts', () => {
  it('are connected to the storage of their data center when they come up, or do not come up', async () => {
    const made = await working();
    const next = await host(`${made.name}-cluster`);
    expect(await (await storage.of(next.address)).call('Host.getConnectedStoragePools')).toEqual([made.id]);
    const address = addresses[++hostCount]!;
    const id = await addHost(running.postgres, { name: `host${hostCount}`, address, port: agents.port, cluster: `${made.name}-cluster` });
    storage.barred.add(address);
    await post(`hosts/${id}/activate`);
    await eventually(async () =>
      expect(await got(`hosts/${id}`)).toMatchObject({ status: 'non_operational', status_detail: 'storage_domain_unreachable' }),
    );
    expect(await running.postgres.query('select from audit_log where log_type = 522 and vds_id = $1', [id])).toHaveLength(1);
    storage.barred.clear();
    await eventually(async () => expect(await hostStatus(id)).toBe('up'));
    const numbers = await running.postgres.query<{ n: number }>(
      'select vds_spm_id as n from vds_spm_id_map where storage_pool_id = $1 order by 1',
      [made.id],
    );
    expect(numbers.map(({ n }) => n)).toEqual([1, 2, 3]);
  });

  it('take the role of the SPM from another one when somebody wants it', async () => {
    const made = await working(2);
    const [first, second] = made.hosts;
    expect((await post(`storagedomains/${made.master.id}/isattached`))['is_attached']).toBe('true');
    expect((await fault(`hosts/${first!.id}/forceselectspm`, { method: 'POST', body: {} }))[0]).toBe(409);
    await post(`hosts/${second!.id}/forceselectspm`);
    await settled();
    expect(await spmOf(made.hosts)).toEqual([second!.name]);
    expect(await (await storage.of(second!.address)).call('StoragePool.getSpmStatus', { storagepoolID: made.id })).toMatchObject({
      spmStatus: 'SPM',
    });
    await got(`hosts/${first!.id}`, { method: 'PUT', body: { spm: { priority: -1 } } });
    expect(await fault(`hosts/${first!.id}/forceselectspm`, { method: 'POST', body: {} })).toEqual([409, expect.any(String)]);
  });

  it('in maintenance are given up, leave their data center empty, and stay on the storage', async () => {
    const made = await working();
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/deactivate`);
    await becomes(made, made.master.id, 'maintenance');
    await settled();
    await remove(`storagedomains/${made.master.id}?destroy=true`);
    expect(await got(`datacenters/${made.id}`)).toMatchObject({ status: 'uninitialized' });
    expect((await call(`storagedomains/${made.master.id}`)).status).toBe(404);
    expect(await readdir(join(made.master.path))).toEqual([made.master.id]);
    // Another one begins the storage of the data center anew.
    await attach(made, await domain(made.hosts[0]!));
  });

  it('keep a domain from being given up that cannot be reached, while they may still use it', async () => {
    const made = await working();
    const { disk, machine } = await diskOn(made, made.master.id);
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/deactivate`);
    await becomes(made, made.master.id, 'maintenance');
    await settled();
    const given = `storagedomains/${made.master.id}?destroy=true`;
    await run(machine, 7);
    expect(await fault(given, { method: 'DELETE' })).toEqual([409, expect.stringContaining('1 virtual machines run from it')]);
    await run(machine, 0);
    const end = await workOn(disk);
    expect(await fault(given, { method: 'DELETE' })).toEqual([409, expect.stringContaining('its disks are being worked on')]);
    await end();
    expect((await got(`disks/${disk}`))['status']).toBe('ok');
    await remove(given);
    expect((await call(`disks/${disk}`)).status).toBe(404);
  });

  it('hand the role of the SPM over when they go into maintenance', async () => {
    const made = await working(2);
    const [first, second] = made.hosts;
    await post(`hosts/${first!.id}/deactivate`);
    await eventually(async () => expect(await hostStatus(first!.id)).toBe('maintenance'));
    await eventually(async () => expect(await spmOf(made.hosts)).toEqual([second!.name]));
    expect(await (await storage.of(first!.address)).call('Host.getConnectedStoragePools')).toEqual([]);
    await centerBecomes(made, 'up');
  });

  it('whose agent was started anew are connected again, and become SPM again', async () => {
    const made = await working();
    const [only] = made.hosts;
    await storage.restart(only!.address);
    storage.leases.lose(made.master.id);
    agents.cut(only!.address);
    await eventually(async () => {
      expect(await (await storage.of(only!.address)).call('StoragePool.getSpmStatus', { storagepoolID: made.id })).toMatchObject({
        spmStatus: 'SPM',
      });
      expect(await spmOf(made.hosts)).toEqual([only!.name]);
    });
  });

  it('that are lost as SPM are followed by another one, as soon as the lease on the storage allows it, and not before', async () => {
    const made = await working(2);
    const [first, second] = made.hosts;
    const verbs = agents.verbs;
    // It goes on holding the role, and nobody hears of it.
    agents.verbs = Object.fromEntries(
      Object.entries(verbs).map(([name, verb]) => [
        name,
        (params: Readonly<Record<string, unknown>>, of: string) =>
          of === first!.address ? new Promise(() => undefined) : verb(params, of),
      ]),
    );
    agents.cut(first!.address);
    await eventually(async () => expect(await hostStatus(first!.id)).toBe('non_responsive'));
    await centerBecomes(made, 'problematic');
    expect(await running.postgres.query('select from audit_log where log_type = 980 and storage_pool_id = $1', [made.id])).not.toEqual([]);
    expect(await spmOf(made.hosts)).toEqual([]);
    storage.leases.lose(made.master.id);
    await eventually(async () => expect(await spmOf(made.hosts)).toEqual([second!.name]));
    await centerBecomes(made, 'up');
  });

  it('lose sight of a domain, which is told and inactive until they see it again', async () => {
    const made = await working();
    const second = await domain(made.hosts[0]!);
    await attach(made, second);
    const info = agents.verbs['StoragePool.getInfo']!;
    agents.verbs['StoragePool.getInfo'] = async (params, of) => {
      const answer = (await info(params, of)) as { info: object; dominfo: Record<string, { diskfree?: string }> };
      return { ...answer, dominfo: { ...answer.dominfo, [second.id]: { status: 'Active' } } };
    };
    await becomes(made, second.id, 'inactive');
    agents.verbs['StoragePool.getInfo'] = info;
    await becomes(made, second.id, 'active');
    expect((await codes(second.id)).slice(-2)).toEqual([970, 966]);
  });

  it('tell of little room, once', async () => {
    const made = await working();
    const info = agents.verbs['StoragePool.getInfo']!;
    agents.verbs['StoragePool.getInfo'] = async (params, of) => {
      const answer = (await info(params, of)) as { info: object; dominfo: Record<string, object> };
      const room = { status: 'Active', disktotal: String(1024 ** 4), diskfree: String(50 * 1024 ** 3) };
      return { ...answer, dominfo: { ...answer.dominfo, [made.master.id]: room } };
    };
    await eventually(async () => expect(await codes(made.master.id)).toContain(26));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect((await codes(made.master.id)).filter((code) => code === 26)).toHaveLength(1);
    expect(await inCenter(made, made.master.id)).toMatchObject({ available: String(50 * 1024 ** 3) });
  });
});
