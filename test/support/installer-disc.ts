import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Line } from './text-screen.ts';

/** Kernel and initial RAM disk of Debian's installer (Debian: debian-installer-12-netboot-amd64). */
const installer = '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';
export const installerKernel = join(installer, 'linux');
export const installerInitrd = join(installer, 'initrd.gz');
export const loader = '/usr/lib/grub/i386-pc';
const programs = ['/usr/bin/grub-mkrescue', '/usr/bin/xorriso', '/usr/bin/mformat', '/usr/bin/qemu-img'];

/** Whether this machine has what a disc and a disk are made of (Debian: grub-pc-bin, xorriso, mtools, qemu-utils, and the installer). */
export const hasInstaller = [installer, loader, ...programs].every((path) => existsSync(path));

/** The first page of the installer on a machine with 512 MB of memory. */
export const firstPage: readonly Line[] = [
  [0, 0, 'Low memory mode'],
  [9, 27, 'Entering low memory mode'],
  [10, 5, 'This system has relatively little free memory, so it will enter low'],
  [11, 5, 'memory mode. Among other things, this means that this program will'],
  [24, 0, '<Tab> moves; <Space> selects; <Enter> activates buttons'],
];

/**
 * Makes a disc, which is also a disk, that starts a kernel.
 * @param folder where it is put as `NAME.iso`, with nothing else
 */
export async function makeBootDisc(
  folder: string,
  { name, kernel, initrd, options }: { readonly name: string; readonly kernel: string; readonly initrd: string; readonly options: string },
): Promise<string> {
  const content = join(folder, `${name}-content`);
  const image = join(folder, `${name}.iso`);
  await mkdir(join(content, 'boot/grub'), { recursive: true });
  await copyFile(kernel, join(content, 'boot/linux'));
  await copyFile(initrd, join(content, 'boot/initrd.gz'));
  const menu = `set timeout=0\nmenuentry ${name} {\n  linux /boot/linux ${options}\n  initrd /boot/initrd.gz\n}\n`;
  await writeFile(join(content, 'boot/grub/grub.cfg'), menu);
  await execa('grub-mkrescue', ['-d', loader, '-o', `${image}.new`, content]);
  if ((await stat(`${image}.new`)).size === 0) throw new Error('grub-mkrescue made no image');
  await rename(`${image}.new`, image);
  await rm(content, { recursive: true });
  return image;
}

/** Makes a disc that starts Debian's installer in text mode. Gives the path of the image, in a folder of its own that goes with the caller. */
export async function makeInstallerDisc(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'installer-disc-'));
  const options = 'vga=normal fb=false nomodeset quiet';
  return makeBootDisc(folder, { name: 'debian', kernel: installerKernel, initrd: installerInitrd, options });
}
