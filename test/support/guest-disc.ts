import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { type CpioEntry, readCpio, writeCpio } from './cpio.ts';
import { imageOf } from './host-image.ts';
import { installerInitrd, installerKernel, makeBootDisc } from './installer-disc.ts';

/*
 * A guest that runs Debian's agent for guests: the kernel of Debian's installer with its modules and its shell, and the agent of an image of test hosts
 * with its libraries. Its serial port has a shell.
 */

export const guest = { name: 'guest.example.test', address: '192.0.2.77', port: '/run/agent' } as const;

/** In the order in which they need each other. */
const modules = [
  ...['virtio', 'virtio_ring', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'virtio_console'],
  ...['failover', 'net_failover', 'virtio_net', 'virtio_balloon'],
];

const init = `#!/bin/sh
export PATH=/bin:/sbin
mount -t devtmpfs none /dev; mount -t proc none /proc; mount -t sysfs none /sys; mount -t tmpfs none /run
for module in ${modules.join(' ')}; do busybox insmod /modules/$module.ko; done
hostname ${guest.name}
ip link set lo up
ip link set eth0 up && ip address add ${guest.address}/24 dev eth0
for one in /sys/class/virtio-ports/*; do
  [ "$(cat $one/name)" = org.qemu.guest_agent.0 ] && ln -s /dev/\${one##*/} ${guest.port}
done
qemu-ga -m virtio-serial -p ${guest.port} -t /run &
while true; do sh </dev/ttyS0 >/dev/ttyS0 2>&1; done
`;

/** What the agent calls to end the guest. */
const shutdown = `#!/bin/sh
case "$*" in *-r*) reboot -f ;; *) poweroff -f ;; esac
`;

const [folderMode, fileMode, linkMode] = [0o040755, 0o100755, 0o120777];

/** Makes the disc, in a folder of its own that goes with the caller. Gives the path of its image. */
export async function makeGuestDisc(): Promise<string> {
  const installer = readCpio(gunzipSync(await readFile(installerInitrd)));
  const image = await imageOf('with libvirt');
  const { stdout } = await execa('chroot', [
    image,
    'sh',
    '-c',
    `ldd /usr/sbin/qemu-ga | grep -o '/[^ ]*' | while read -r path; do echo $path $(realpath $path); done`,
  ]);
  // As it is called, and where it is: links would lead to files of this machine.
  const libraries = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  if (libraries.length < 3) throw new Error(`the image has no qemu-ga: ${stdout}`);
  const fromImage = async (path: string, name: string): Promise<CpioEntry> => ({
    name,
    mode: fileMode,
    content: await readFile(join(image, path)),
  });
  const folder = (name: string): CpioEntry => ({ name, mode: folderMode, content: Buffer.alloc(0) });
  const script = (name: string, text: string): CpioEntry => ({ name, mode: fileMode, content: Buffer.from(text) });
  const isShell = ({ name, mode, content }: CpioEntry): boolean =>
    name === 'bin/busybox' || (mode === linkMode && /^s?bin\//.test(name) && basename(content.toString()) === 'busybox');
  const named = new Map(installer.map((entry) => [basename(entry.name), entry]));
  const entries = [
    ...['bin', 'sbin', 'dev', 'proc', 'sys', 'run', 'etc', 'modules', 'lib64', 'lib', 'lib/x86_64-linux-gnu'].map(folder),
    ...installer.filter(isShell),
    ...modules.map((module) => {
      const found = named.get(`${module}.ko`);
      if (found === undefined) throw new Error(`the installer has no module ${module}`);
      return { ...found, name: `modules/${module}.ko` };
    }),
    await fromImage('/usr/sbin/qemu-ga', 'sbin/qemu-ga'),
    ...(await Promise.all(
      libraries.map(([path = '', place = '']) =>
        fromImage(place, join(dirname(path) === '/lib64' ? 'lib64' : 'lib/x86_64-linux-gnu', basename(path))),
      ),
    )),
    await fromImage('/usr/lib/os-release', 'etc/os-release'),
    script('sbin/shutdown', shutdown),
    script('init', init),
  ];
  const place = await mkdtemp(join(tmpdir(), 'guest-disc-'));
  const initrd = join(place, 'initrd.gz');
  await writeFile(initrd, gzipSync(writeCpio(entries), { level: 1 }));
  return makeBootDisc(place, { name: 'guest', kernel: installerKernel, initrd, options: 'console=ttyS0 quiet panic=-1' });
}
