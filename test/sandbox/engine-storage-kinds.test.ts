import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import { adminPassword } from '../support/engine.ts';
import { type SimulatedAgents, SimulatedFailure } from '../support/simulated-agent.ts';
import type { AddedHost } from '../support/simulated-host.ts';
import type { SimulatedStorage } from '../support/simulated-storage.ts';
import { useStorageCenters } from '../support/storage-centers.ts';

/* Storage domains of each kind: for ISO files, on other file systems, on a folder of a host. */

const tests = await useStorageCenters();
const { attach, center, centerBecomes, domain, inCenter, next, post, remove, running, settled, working } = tests;
const { call, fault, got } = tests.api;
let agents: SimulatedAgents;
let storage: SimulatedStorage;
beforeEach(() => void ({ agents, storage } = tests));

describe('a storage domain', () => {
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

  it('on another file system of POSIX is mounted as it says', async () => {
    const made = await working();
    const shared = `/shared/${next()}`;
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
    const path = `/export/v41-${next()}`;
    await storage.offer(`server:${path}`);
    await domain(made.hosts[0]!, {
      storage: { type: 'nfs', address: 'server', path, nfs_version: 'v4_1', nfs_timeo: 50, nfs_retrans: 2, mount_options: 'rsize=65536' },
    });
    expect(asked.at(-1)).toMatchObject({
      domainType: 1,
      connectionParams: [{ connection: `server:${path}`, protocol_version: '4.1', timeout: 50, retrans: 2, mnt_options: 'rsize=65536' }],
    });
  });

  it('on a folder of the host is for local data centers', async () => {
    const [shared, local] = [await center(), await center(1, { local: true })];
    const name = `local${next()}`;
    const path = await storage.local(name);
    const made = await post('storagedomains', {
      ...{ name, type: 'data', storage: { type: 'localfs', path }, host: { id: local.hosts[0]!.id } },
    });
    expect(made['host']['id']).toBe(local.hosts[0]!.id);
    expect(await fault(`datacenters/${shared.id}/storagedomains`, { method: 'POST', body: { id: made['id'] as string } })).toEqual([
      409,
      expect.stringContaining('is not local'),
    ]);
    await attach(local, { id: made['id'] as string });
    await centerBecomes(local, 'up');
    await post(`hosts/${local.hosts[0]!.id}/deactivate`);
    await settled();
    expect(await fault(`hosts/${local.hosts[0]!.id}`, { method: 'DELETE' })).toEqual([
      409,
      expect.stringContaining(`storage domain ${name} lies on it`),
    ]);
  });

  it('is removed from the storage only by a host that finds it there', async () => {
    const [{ hosts: all }, other] = [await center(1, { local: true }), await center()];
    const name = `local${next()}`;
    const path = await storage.local(name);
    const { id } = await post('storagedomains', {
      ...{ name, type: 'data', storage: { type: 'localfs', path }, host: { id: all[0]!.id } },
    });
    const format = (host: AddedHost) => `storagedomains/${String(id)}?format=true&host=${host.name}`;
    expect(await fault(format(other.hosts[0]!), { method: 'DELETE' })).toEqual([409, expect.stringContaining('local to another host')]);
    await rename(join(path, String(id)), join(path, 'hidden'));
    expect(await fault(format(all[0]!), { method: 'DELETE' })).toEqual([409, expect.stringContaining('does not find it on the storage')]);
    expect(await got(`storagedomains/${String(id)}`)).toMatchObject({ status: 'unattached' });
    await rename(join(path, 'hidden'), join(path, String(id)));
    await remove(format(all[0]!));
    expect(await readdir(path)).toEqual([]);
  });
});
