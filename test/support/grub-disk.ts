import { mkdir, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { loader } from './installer-disc.ts';

/** What GRUB shows wherever it takes commands. */
export const prompt = 'grub>';

const settings = `serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
`;

/**
 * Makes a disk in qcow2 that starts GRUB, which takes commands on the screen and on the serial port. Gives the path of the image, in a
 * folder of its own that goes with the caller, and the bytes that a guest sees.
 */
export async function makeGrubDisk(): Promise<{ readonly path: string; readonly provisioned: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'grub-disk-'));
  const file = join(folder, 'content/boot/grub/grub.cfg');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, settings);
  const [raw, path] = [join(folder, 'grub.img'), join(folder, 'grub.qcow2')];
  // What it makes starts from a disk as well as from a CD.
  await execa('grub-mkrescue', ['-d', loader, '-o', raw, join(folder, 'content')]);
  await execa('qemu-img', ['convert', '-O', 'qcow2', raw, path]);
  return { path, provisioned: (await stat(raw)).size };
}
