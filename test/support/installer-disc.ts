import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Line } from './text-screen.ts';

/** Kernel and initial RAM disk of Debian's installer (Debian: debian-installer-12-netboot-amd64). */
const installer = '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';
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

const menu = `set timeout=0
menuentry installer {
  linux /boot/linux vga=normal fb=false nomodeset quiet
  initrd /boot/initrd.gz
}
`;

/** Makes a disc that starts Debian's installer in text mode. Gives the path of the image, in a folder of its own that goes with the caller. */
export async function makeInstallerDisc(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'installer-disc-'));
  const grub = join(folder, 'content/boot/grub');
  await mkdir(grub, { recursive: true });
  for (const file of ['linux', 'initrd.gz']) await copyFile(join(installer, file), join(dirname(grub), file));
  await writeFile(join(grub, 'grub.cfg'), menu);
  const image = join(folder, 'debian.iso');
  await execa('grub-mkrescue', ['-d', loader, '-o', image, join(folder, 'content')]);
  if ((await readdir(folder)).length < 2) throw new Error('grub-mkrescue made no image');
  return image;
}
