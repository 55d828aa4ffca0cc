import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Folder, inFolder } from '../../src/services/host-agent/storage/folder.ts';
import { createQemuImg, type QemuImg } from '../../src/services/host-agent/storage/qemu-img.ts';

/*
 * Somebody else who can write to the storage puts a link in the place of an image at the worst of all moments: after it was looked at, and
 * before QEMU's program opens it.
 */

const MiB = 1024 * 1024;
const never = new AbortController().signal;
let folder: string;
let qemuImg: QemuImg;
const at = (name: string): string => join(folder, name);
const inside = <T>(work: (open: Folder) => Promise<T>): Promise<T> => inFolder(folder, ['images'], work);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-storage-links-'));
  await mkdir(at('images'));
  await writeFile(at('victim'), 'a file of the host');
  const swaps = ['image', 'below'].map(
    (name) =>
      `[ -L ${at(`images/${name}`)} ] || [ ! -e ${at(`images/${name}`)} ] || { mv ${at(`images/${name}`)} ${at(`images/moved-${name}`)} && ln -s ${at('victim')} ${at(`images/${name}`)}; }`,
  );
  await writeFile(at('qemu-img'), `#!/bin/sh\n${swaps.join('\n')}\nexec qemu-img "$@"\n`);
  await chmod(at('qemu-img'), 0o755);
  qemuImg = createQemuImg(at('qemu-img'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const make = (name: string, argv: readonly string[] = []) =>
  execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...argv, at(`images/${name}`), '1M'], { cwd: at('images') });
const sizeOf = async (name: string): Promise<number> => {
  const { stdout } = await execa('qemu-img', ['info', '--output=json', at(`images/${name}`)]);
  return (JSON.parse(stdout) as { 'virtual-size': number })['virtual-size'];
};
const isUnharmed = async (): Promise<void> => expect(await readFile(at('victim'), 'utf8')).toBe('a file of the host');

test('an image is made in the file that was opened', async () => {
  await writeFile(at('images/image'), '');
  await inside((open) =>
    open.withFile('image', 'write', (file) =>
      qemuImg.create({ file, format: 'COW', bytes: MiB, isPreallocated: false, backing: { path: '../x/y', format: 'RAW' } }, never),
    ),
  );
  await isUnharmed();
  const { stdout } = await execa('qemu-img', ['info', '--output=json', at('images/moved-image')]);
  expect(JSON.parse(stdout)).toMatchObject({ format: 'qcow2', 'virtual-size': MiB, 'backing-filename': '../x/y' });
});

test('an image is looked into and made larger in the file that was opened', async () => {
  await make('below');
  await make('image', ['-b', 'below', '-F', 'qcow2']);
  await inside((open) =>
    open.withFile('image', 'write', async (file) => {
      expect(await qemuImg.info({ file, format: 'COW' })).toMatchObject({ backing: 'below', virtualSize: MiB });
      await qemuImg.resize({ file, format: 'COW' }, 2 * MiB, false, never);
    }),
  );
  await isUnharmed();
  await rm(at('images/below'));
  await rename(at('images/moved-below'), at('images/below'));
  expect(await sizeOf('moved-image')).toBe(2 * MiB);
});

test('what is copied is read from the files that were opened, and written to such a one', async () => {
  await make('below');
  await execa('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 64k', at('images/below')]);
  await make('image', ['-b', 'below', '-F', 'qcow2']);
  await execa('qemu-io', ['-f', 'qcow2', '-c', 'write -P 8 64k 64k', at('images/image')]);
  await writeFile(at('images/copy'), '');
  await inside((open) =>
    open.withFile('image', 'read', (image) =>
      open.withFile('below', 'read', (below) =>
        open.withFile('copy', 'write', (file) => {
          const chain = [image, below].map((one) => ({ file: one, format: 'COW' as const }));
          return qemuImg.convert(chain, { file, format: 'RAW', isPreallocated: false }, never);
        }),
      ),
    ),
  );
  await isUnharmed();
  const copy = await readFile(at('images/copy'));
  expect([copy.length, copy[0], copy[64 * 1024], copy[128 * 1024]]).toEqual([MiB, 7, 8, 0]);
});

test('a link is not opened at all', async () => {
  await symlink(at('victim'), at('images/image'));
  await expect(inside((open) => open.withFile('image', 'write', () => Promise.resolve()))).rejects.toThrow('ELOOP');
});
