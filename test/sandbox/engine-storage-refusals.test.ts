import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { workOn } from '../support/commands.ts';
import { addMortal, mortal } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { type SimulatedAgents, SimulatedFailure } from '../support/simulated-agent.ts';
import type { SimulatedStorage } from '../support/simulated-storage.ts';
import { useStorageCenters } from '../support/storage-centers.ts';
import { eventually } from '../support/waiting.ts';

/* What of storage is refused, goes wrong, or is not taken away. */

const tests = await useStorageCenters(addMortal);
const { attach, center, codes, deactivate, diskOn, domain, inCenter, post, remove, run, running, settled, working } = tests;
const { call, fault, got } = tests.api;
let agents: SimulatedAgents;
let storage: SimulatedStorage;
beforeEach(() => void ({ agents, storage } = tests));

describe('who may not', () => {
  it('see or change anything is told so, and a data center that has storage stays', async () => {
    const made = await working();
    const as = basic(`${mortal.name}@internal`, mortal.password);
    for (const path of ['storagedomains', 'storageconnections']) expect((await call(path, { as })).status, path).toBe(403);
    expect((await call(`storagedomains/${made.master.id}`, { as })).status).toBe(404);
    expect((await call(`datacenters/${made.id}/storagedomains`, { as, method: 'POST', body: { id: made.master.id } })).status).toBe(404);
    expect((await call('storagedomains', { as, method: 'POST', body: {} })).status).toBe(403);
    expect((await call(`storagedomains/${made.master.id}?destroy=true`, { as, method: 'DELETE' })).status).toBe(404);
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
    // The role is to be given back by now, and whoever looks at the data center still does.
    await eventually(async () =>
      expect(await running.postgres.query('select stage, failure is not null as failed from command_entities')).toEqual([
        { stage: 2, failed: true },
      ]),
    );
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

describe('a storage domain', () => {
  it('is not taken away from commands and from virtual machines that have a disc from it', async () => {
    const made = await working();
    const other = await working();
    const iso = await domain(made.hosts[0]!, { type: 'iso' });
    await attach(made, iso);
    const { disk, machine } = await diskOn(made, made.master.id);
    const elsewhere = await diskOn(other, other.master.id);
    const refusal = (of: string) => call(`datacenters/${made.id}/storagedomains/${of}/deactivate`, { method: 'POST', body: {} });
    const refused = (why: string) => ({ status: 409, body: expect.stringContaining(why) as string });
    const inDrives = refused('1 virtual machines have a disc from it in their drives');
    await run(machine, 1, 'debian.iso');
    expect(await refusal(iso.id)).toMatchObject(inDrives);
    // What others play is not from here, and neither is a disk.
    await run(elsewhere.machine, 1, 'debian.iso');
    await run(machine, 1, elsewhere.disk);
    await deactivate(made, iso.id);
    await run(machine, 0);
    await run(elsewhere.machine, 1, disk.toUpperCase());
    expect(await refusal(made.master.id)).toMatchObject(inDrives);
    await run(elsewhere.machine, 0);
    const end = await workOn(running.postgres, disk);
    expect(await refusal(made.master.id)).toMatchObject(refused('its disks are being worked on'));
    await end();
    await deactivate(made, made.master.id);
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

  it('in maintenance is given up, leaves its data center empty, and stays on the storage', async () => {
    const made = await working();
    await deactivate(made, made.master.id);
    await remove(`storagedomains/${made.master.id}?destroy=true`);
    expect(await got(`datacenters/${made.id}`)).toMatchObject({ status: 'uninitialized' });
    expect((await call(`storagedomains/${made.master.id}`)).status).toBe(404);
    expect(await readdir(join(made.master.path))).toEqual([made.master.id]);
    // Another one begins the storage of the data center anew.
    await attach(made, await domain(made.hosts[0]!));
  });

  it('that cannot be reached is not given up while hosts may still use it', async () => {
    const made = await working();
    const { disk, machine } = await diskOn(made, made.master.id);
    await deactivate(made, made.master.id);
    const given = `storagedomains/${made.master.id}?destroy=true`;
    await run(machine, 7);
    expect(await fault(given, { method: 'DELETE' })).toEqual([409, expect.stringContaining('1 virtual machines run from it')]);
    await run(machine, 0);
    const end = await workOn(running.postgres, disk);
    expect(await fault(given, { method: 'DELETE' })).toEqual([409, expect.stringContaining('its disks are being worked on')]);
    await end();
    expect((await got(`disks/${disk}`))['status']).toBe('ok');
    await remove(given);
    expect((await call(`disks/${disk}`)).status).toBe(404);
  });
});
