import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type SimulatedAgents, SimulatedFailure } from '../support/simulated-agent.ts';
import { wellBehaved } from '../support/simulated-host.ts';
import type { SimulatedStorage } from '../support/simulated-storage.ts';
import { useStorageCenters } from '../support/storage-centers.ts';

/* Storage domains from the first to the last of what is done with them. */

const tests = await useStorageCenters();
const { attach, becomes, center, centerBecomes, codes, deactivate, domain, inCenter, post, remove, running, settled, spmOf, working } =
  tests;
const { call, fault, got } = tests.api;
let agents: SimulatedAgents;
let storage: SimulatedStorage;
beforeEach(() => void ({ agents, storage } = tests));

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
    await deactivate(made, second.id);
    for (const { address } of made.hosts)
      expect(await (await storage.of(address)).fails('StorageDomain.getInfo', { storagedomainID: second.id })).toBe(358);
    await post(`datacenters/${made.id}/storagedomains/${second.id}/activate`);
    await becomes(made, second.id, 'active');
    await settled();
    await deactivate(made, second.id);
    await remove(`datacenters/${made.id}/storagedomains/${second.id}`);
    expect((await got(`storagedomains/${second.id}`))['status']).toBe('unattached');
    await remove(`storagedomains/${second.id}?format=true&host=${made.hosts[0]!.name}`);
    expect((await call(`storagedomains/${second.id}`)).status).toBe(404);
    expect(await readdir(second.path)).toEqual([]);
    expect(await codes(second.id)).toEqual([9870, 956, 9875, 962, 9877, 968, 9876, 966, 9877, 968, 9878, 964, 9873, 960]);
  });

  it('that is the master takes the role of the SPM with it, brings it back, and leaves its data center empty', async () => {
    const made = await working(2);
    await deactivate(made, made.master.id);
    await centerBecomes(made, 'maintenance');
    expect(await spmOf(made.hosts)).toEqual([]);
    await post(`datacenters/${made.id}/storagedomains/${made.master.id}/activate`);
    await becomes(made, made.master.id, 'active');
    await settled();
    await centerBecomes(made, 'up');
    expect(await spmOf(made.hosts)).toHaveLength(1);
    await deactivate(made, made.master.id);
    await remove(`datacenters/${made.id}/storagedomains/${made.master.id}`);
    expect(await got(`datacenters/${made.id}`)).toMatchObject({ status: 'uninitialized' });
    expect(await got(`storagedomains/${made.master.id}`)).toMatchObject({ status: 'unattached', master: 'false' });
    // And it can begin anew.
    await attach(made, made.master);
    await centerBecomes(made, 'up');
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
});
