import { type Step, message, plugin } from '#kit';
import { copyFile, directories, editLines } from '#steps';
import { isEnrolled, paths as node } from '../node/settings.ts';

const unit = 'libvirtd';
/** Where QEMU looks for certificates of displays: the policy of AppArmor in Debian knows these folders. */
const displays = ['vnc', 'spice'] as const;
const folderOf = (display: string): string => `/etc/pki/libvirt-${display}`;
/** The group that QEMU runs with. */
const group = 'libvirt-qemu';

/** The certificate of the host, which viewers of displays see, where QEMU may read it and its key. */
const certificatesOf = (display: (typeof displays)[number]): readonly Step[] => {
  const folder = folderOf(display);
  const copy = (id: string, from: string, name: string, mode: number): Step =>
    copyFile(
      {
        id: `libvirt/${display}-${id}`,
        chapter: 'libvirt',
        title: message`Installing the ${id} of displays: ${display}`,
        quiet: true,
        needs: [`libvirt/${display}`, 'node/certificate', 'node/keys'],
      },
      { from, path: `${folder}/${name}`, mode, owner: 'root', group },
    );
  return [
    directories(
      {
        id: `libvirt/${display}`,
        chapter: 'libvirt',
        title: message`Creating the folder for certificates of displays: ${display}`,
        quiet: true,
      },
      [{ path: folder, mode: 0o755 }],
    ),
    copy('authority', node.authority, 'ca-cert.pem', 0o644),
    copy('certificate', node.certificate, 'server-cert.pem', 0o644),
    copy('key', node.key, 'server-key.pem', 0o640),
  ];
};

export default plugin({
  name: 'node-libvirt',
  steps: (view) =>
    isEnrolled(view)
      ? [
          ...displays.flatMap(certificatesOf),
          editLines(
            {
              id: 'libvirt/qemu.conf',
              chapter: 'libvirt',
              title: 'Configuring libvirt',
              needs: [...displays.map((display) => `libvirt/${display}-key`), 'packages/install'],
              notify: [unit],
            },
            {
              path: '/etc/libvirt/qemu.conf',
              name: 'ovirt-engine',
              at: 'bottom',
              lines: displays.flatMap((display) => [`${display}_tls = 1`, `${display}_tls_x509_cert_dir = "${folderOf(display)}"`]),
            },
          ),
        ]
      : [],
});
