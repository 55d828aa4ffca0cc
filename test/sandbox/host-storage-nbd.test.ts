import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { localPool, testLeases, type TestPool, type TestStorage, testStorage } from '../support/host-storage.ts';
import { MiB, newVolume, volumePath, volumeShape } from '../support/volumes.ts';

let folder: string;
let host: TestStorage;
let pool: TestPool;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nbd-'));
  host = await testStorage(folder, testLeases().of());
  pool = await localPool(host, join(folder, 'domain'));
});
afterAll(async () => {
  await host.part.stop?.();
  await rm(folder, { recursive: true, force: true });
});

async function volume(volFormat: 4 | 5): Promise<{ readonly file: string; readonly config: Readonly<Record<string, unknown>> }> {
  const ids = newVolume(pool);
  await host.task('Volume.create', { ...ids, ...volumeShape, volFormat, size: String(8 * MiB) });
  return {
    file: volumePath(pool, ids),
    config: { sd_id: ids.storagedomainID, img_id: ids.imageID, vol_id: ids.volumeID },
  };
}
const start = (config: object, server_id: string = randomUUID()): Promise<string> => host.call('NBD.start_server', { server_id, config });
const socketOf = (url: string): string => url.slice('nbd:unix:'.length);
const qemuIo = (url: string, ...commands: readonly string[]) =>
  execa(
    'qemu-io',
    [
      ...(commands.every((one) => one.startsWith('read')) ? ['-r'] : []),
      '-f',
      'raw',
      ...commands.flatMap((one) => ['-c', one]),
      `nbd+unix:///?socket=${socketOf(url)}`,
    ],
    { reject: false },
  );
/** What was read, and is what was looked for: the program says so of that alone, and nothing of a server that is not there. */
function expectRead({ exitCode, stdout }: { readonly exitCode?: number | undefined; readonly stdout: string }): void {
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('read 65536')]);
  expect(stdout).not.toContain('failed');
}

it.each([4, 5] as const)('a volume of format %i is written and read through a server, as a guest sees it', async (format) => {
  const { config } = await volume(format);
  const id = randomUUID();
  const url = await start(config, id);
  expect((await qemuIo(url, 'write -P 7 1M 64k')).stdout).toContain('wrote 65536');
  // The same one may be started again, by a client that does not know whether it did.
  expect(await start(config, id)).toBe(url);
  expectRead(await qemuIo(url, 'read -P 7 1M 64k', 'read -P 0 0 1M'));
  await host.call('NBD.stop_server', { server_id: id });
  expect(existsSync(socketOf(url))).toBe(false);
  await host.call('NBD.stop_server', { server_id: id });
  const reading = await start({ ...config, readonly: true }, id);
  expect((await qemuIo(reading, 'write -P 8 1M 64k')).exitCode).not.toBe(0);
  expectRead(await qemuIo(reading, 'read -P 7 1M 64k'));
  await host.call('NBD.stop_server', { server_id: id });
});

it('a server serves one volume only', async () => {
  const [one, two] = [await volume(4), await volume(4)];
  const id = randomUUID();
  await start(one.config, id);
  expect(await host.fails('NBD.start_server', { server_id: id, config: two.config })).toBe(1000);
  await host.call('NBD.stop_server', { server_id: id });
});

it('a server is stopped also while it is being started', async () => {
  const { config } = await volume(5);
  const id = randomUUID();
  const starting = start(config, id);
  await host.call('NBD.stop_server', { server_id: id });
  expect(existsSync(socketOf(await starting))).toBe(false);
});

it('an image that leads to another file is not served', async () => {
  const { file, config } = await volume(4);
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw', file, '8M']);
  expect(await host.fails('NBD.start_server', { server_id: randomUUID(), config })).toBe(200);
  expect(await host.fails('NBD.start_server', { server_id: randomUUID(), config: { ...config, vol_id: randomUUID() } })).toBe(201);
});

it('a link that is put in place of a volume in the last moment is not followed', async () => {
  const victim = join(folder, 'victim');
  await writeFile(victim, Buffer.alloc(8 * MiB, 9));
  const { file, config } = await volume(5);
  const program = join(folder, 'qemu-nbd');
  await writeFile(program, `#!/bin/sh\nmv ${file} ${file}.moved && ln -s ${victim} ${file}\nexec qemu-nbd "$@"\n`, { mode: 0o755 });
  const hasty = await testStorage(join(folder, 'hasty'), testLeases().of(), undefined, {
    localFolder: host.settings.localFolder,
    qemuNbd: program,
  });
  const url = await hasty.call<string>('NBD.start_server', { server_id: randomUUID(), config });
  expectRead(await qemuIo(url, 'read -P 0 1M 64k'));
  await hasty.part.stop?.();
});

it('a volume on another one is served as a whole, and what is written goes to it alone', async () => {
  const base = await volume(5);
  await execa('qemu-io', ['-f', 'raw', '-c', 'write -P 7 0 64k', base.file]);
  const volumeID = randomUUID();
  const { sd_id: storagedomainID, img_id: imageID, vol_id: srcVolUUID } = base.config;
  const ids = { storagepoolID: pool.storagepoolID, storagedomainID, imageID, volumeID };
  await host.task('Volume.create', { ...ids, ...volumeShape, volFormat: 4, size: String(8 * MiB), srcImgUUID: imageID, srcVolUUID });
  const url = await start({ ...base.config, vol_id: volumeID });
  expect((await qemuIo(url, 'write -P 8 1M 64k')).stdout).toContain('wrote 65536');
  expectRead(await qemuIo(url, 'read -P 7 0 64k', 'read -P 8 1M 64k'));
  expectRead(await execa('qemu-io', ['-r', '-f', 'raw', '-c', 'read -P 0 1M 64k', base.file]));
});

it('servers end with the agent', async () => {
  const url = await start((await volume(4)).config);
  await host.part.stop?.();
  expect(existsSync(socketOf(url))).toBe(false);
});
