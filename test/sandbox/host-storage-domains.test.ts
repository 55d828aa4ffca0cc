import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { localDomain, testStorage, type TestLeases, type TestStorage, zeroId } from '../support/host-storage.ts';
import { useHostStorage } from '../support/running-host-storage.ts';

/* How a host reaches storage, and the storage domains on it. */

const tests = useHostStorage();
let folder: string;
let host: TestStorage;
let leases: TestLeases;
beforeEach(() => void ({ folder, host, leases } = tests));

describe('connections', () => {
  const connect = (connection: unknown, domainType = 4, more: object = {}) =>
    host.call<{ id: string; status: number }[]>('StoragePool.connectStorageServer', {
      storagepoolID: zeroId,
      domainType,
      connectionParams: [{ id: 'one', connection, ...more }],
    });

  test('each connection is told its own status', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'file'), '');
    const answers = await host.call('StoragePool.connectStorageServer', {
      storagepoolID: zeroId,
      domainType: 4,
      connectionParams: ['data', 'file', 'missing'].map((id) => ({ id, connection: join(folder, id) })),
    });
    expect(answers).toEqual([
      { id: 'data', status: 0 },
      { id: 'file', status: 469 },
      { id: 'missing', status: 469 },
    ]);
  });

  test.each(['', '/', 'relative', '/a/../etc', '/a\nb', `/${'x'.repeat(300)}`])('%j is no folder of this host', async (path) => {
    expect(await connect(path)).toEqual([{ id: 'one', status: 453 }]);
  });

  test('storage that is not served is told so', async () => {
    expect(await connect('iqn.2026-01.test:disk', 3)).toEqual([{ id: 'one', status: 453 }]);
  });

  test('without the helper nothing is mounted, and the status says so', async () => {
    expect(await connect('server:/data', 1)).toEqual([{ id: 'one', status: 477 }]);
  });

  test('a domain is gone with its connection, and there again with it', async () => {
    const path = join(folder, 'data');
    const id = await localDomain(host, path);
    const params = { storagepoolID: zeroId, domainType: 4, connectionParams: [{ id: 'one', connection: `${path}/` }] };
    expect(await host.call('StoragePool.disconnectStorageServer', params)).toEqual([{ id: 'one', status: 0 }]);
    expect(await host.fails('StorageDomain.getInfo', { storagedomainID: id })).toBe(358);
    await host.call('StoragePool.connectStorageServer', params);
    expect(await host.call('StorageDomain.getInfo', { storagedomainID: id })).toMatchObject({ uuid: id, class: 'Data', role: 'Regular' });
  });
});

describe('domains', () => {
  test('a new domain has the layout that uploaders and other agents expect', async () => {
    const path = join(folder, 'data');
    const id = await localDomain(host, path);
    expect((await readdir(path)).sort()).toEqual([id]);
    expect((await readdir(join(path, id))).sort()).toEqual(['dom_md', 'images', 'master']);
    expect((await readdir(join(path, id, 'dom_md'))).sort()).toEqual(['ids', 'inbox', 'leases', 'metadata', 'outbox', 'xleases']);
    const metadata = await readFile(join(path, id, 'dom_md', 'metadata'), 'utf8');
    expect(metadata).toContain(`\nSDUUID=${id}\n`);
    expect(metadata).toMatch(/\nVERSION=5\n_SHA_CKSUM=[0-9a-f]{40}\n$/);
    expect(await host.call('Host.getStorageDomains', { domainClass: 1 })).toEqual([id]);
    expect(await host.call('Host.getStorageDomains', { domainClass: 2 })).toEqual([]);
  });

  test('a domain of ISO files lists them by a pattern, and nothing but files', async () => {
    const path = join(folder, 'iso');
    const id = await localDomain(host, path, 2);
    const files = join(path, id, 'images', '11111111-1111-1111-1111-111111111111');
    await writeFile(join(files, 'Debian.ISO'), 'x'.repeat(10));
    await writeFile(join(files, '.half.iso'), '');
    await writeFile(join(files, 'readme.txt'), '');
    await mkdir(join(files, 'folder.iso'));
    await symlink('/etc/passwd', join(files, 'passwd.iso'));
    const stats = (pattern: string, caseSensitive: boolean) =>
      host.call('StorageDomain.getFileStats', { storagedomainID: id, pattern, caseSensitive });
    expect(await stats('*.iso', false)).toEqual({
      'Debian.ISO': { status: 0, size: '10', ctime: expect.stringMatching(/^\d+$/) as string },
    });
    expect(await stats('*.iso', true)).toEqual({});
    expect(
      await host.fails('StorageDomain.getFileStats', { storagedomainID: await localDomain(host, join(folder, 'd')), pattern: '*' }),
    ).toBe(372);
  });

  test('a name cannot smuggle a line into the metadata', async () => {
    await localDomain(host, join(folder, 'data'));
    const params = { storagedomainID: randomUUID(), domainType: 4, typeArgs: join(folder, 'data'), domainClass: 1, version: 5 };
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x\nPOOL_UUID=y' })).toBe(1000);
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x'.repeat(300) })).toBe(387);
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x', typeArgs: '/elsewhere' })).toBe(360);
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x', version: 9 })).toBe(394);
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x', domainType: 3 })).toBe(372);
    expect((await readdir(join(folder, 'data'))).length).toBe(1);
  });

  test('the same domain is not made twice', async () => {
    const id = await localDomain(host, join(folder, 'data'));
    const params = { storagedomainID: id, domainType: 4, typeArgs: join(folder, 'data'), name: 'x', domainClass: 1, version: 5 };
    expect(await host.fails('StorageDomain.create', params)).toBe(365);
  });

  test.each([
    ['torn', (text: string) => text.slice(0, text.length / 2)],
    ['forged', (text: string) => text.replace('ROLE=Regular', 'ROLE=Master')],
    ['huge', () => 'A=B\n'.repeat(1_000_000)],
    ['of another domain', () => 'CLASS=Data\nSDUUID=1\n'],
  ])('metadata that is %s is refused, and no other domain suffers', async (_what, change) => {
    const [bad, good] = [await localDomain(host, join(folder, 'bad')), await localDomain(host, join(folder, 'good'))];
    const file = join(folder, 'bad', bad, 'dom_md', 'metadata');
    await writeFile(file, change(await readFile(file, 'utf8')));
    expect([350, 379]).toContain(await host.fails('StorageDomain.getInfo', { storagedomainID: bad }));
    expect(await host.call('Host.getStorageDomains')).toEqual([good]);
  });

  test('a link in place of a folder or file of a domain is not followed', async () => {
    const path = join(folder, 'data');
    const id = await localDomain(host, path);
    await rename(join(path, id, 'dom_md', 'metadata'), join(folder, 'metadata'));
    await symlink(join(folder, 'metadata'), join(path, id, 'dom_md', 'metadata'));
    expect(await host.fails('StorageDomain.getInfo', { storagedomainID: id })).toBe(379);
    await rm(join(path, id, 'dom_md', 'metadata'));
    await rename(join(folder, 'metadata'), join(path, id, 'dom_md', 'metadata'));
    await rename(join(path, id, 'images'), join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(path, id, 'images'));
    await expect(host.call('StorageDomain.getImages', { storagedomainID: id })).rejects.toThrow(/ENOTDIR|ELOOP/);
  });

  test('a copy of a whole storage is not taken for the original', async () => {
    const id = await localDomain(host, join(folder, 'data'));
    await localDomain(host, join(folder, 'copy'));
    await execa('cp', ['-a', join(folder, 'data', id), join(folder, 'copy')]);
    const other = await testStorage(join(folder, 'b'), leases.of(), undefined, { localFolder: host.settings.localFolder });
    expect(await other.fails('StorageDomain.getInfo', { storagedomainID: id })).toBe(350);
    await other.part.stop?.();
  });

  test('formatting removes a domain that belongs to nobody', async () => {
    const id = await localDomain(host, join(folder, 'data'));
    await host.call('StorageDomain.format', { storagedomainID: id, autoDetach: false });
    expect(await readdir(join(folder, 'data'))).toEqual([]);
    expect(await host.fails('StorageDomain.format', { storagedomainID: id, autoDetach: false })).toBe(358);
  });
});
