/** A virtual machine that tests define. */
export const vmId = '7c1f2a33-0b1d-4f3e-9a52-1d0e1c2b3a4f';

export interface Changes {
  readonly id?: string;
  readonly name?: string;
  readonly type?: string;
  /** More elements at the top. */
  readonly top?: string;
  /** In place of what stands in `<os>`. */
  readonly os?: string;
  /** More devices. */
  readonly devices?: string;
  /** Without the disk. */
  readonly diskless?: boolean;
  readonly memoryKib?: number;
  /** It does not run until it is told to. */
  readonly paused?: boolean;
}

const disk = `<disk snapshot="no" type="file" device="disk"><target dev="sda" bus="sata"/><source file="/rhev/data-center/x/y/images/i/v"><seclabel model="dac" type="none"/></source><driver name="qemu" io="threads" type="raw" error_policy="stop" cache="none"/><alias name="ua-1"/><boot order="2"/><serial>i</serial></disk>`;

/** The XML of a definition, in the form and order of an engine of 4.5. */
export function definition({
  id = vmId,
  name = 'vm1',
  type = 'kvm',
  top = '',
  os,
  devices = '',
  diskless = false,
  memoryKib = 65_536,
  paused = false,
}: Changes = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?><domain type="${type}" xmlns:ovirt-tune="http://ovirt.org/vm/tune/1.0" xmlns:ovirt-vm="http://ovirt.org/vm/1.0"><name>${name}</name><uuid>${id}</uuid><memory>${memoryKib}</memory><currentMemory>${memoryKib}</currentMemory><iothreads>1</iothreads><vcpu current="1">2</vcpu><sysinfo type="smbios"><system><entry name="manufacturer">oVirt</entry><entry name="uuid">${id}</entry></system></sysinfo><clock offset="variable" adjustment="0"><timer name="rtc" tickpolicy="catchup"/><timer name="hpet" present="no"/></clock><features><acpi/></features><cpu match="exact"><model>Westmere</model><topology cores="1" threads="1" sockets="2"/></cpu><cputune/><devices><emulator>/usr/libexec/qemu-kvm</emulator><input type="mouse" bus="ps2"/><channel type="unix"><target type="virtio" name="ovirt-guest-agent.0"/><source mode="bind" path="/var/lib/libvirt/qemu/channels/x"/></channel><channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/><source mode="bind" path="/var/lib/libvirt/qemu/channels/y"/></channel><controller type="virtio-serial" index="0" ports="16"/><console type="unix"><source path="/var/run/elsewhere" mode="bind"/><target type="serial" port="0"/></console><rng model="virtio"><backend model="random">/dev/urandom</backend></rng><memballoon model="virtio"/><graphics type="vnc" port="-1" autoport="yes" passwd="*****" passwdValidTo="1970-01-01T00:00:01" keymap="en-us"><listen type="network" network="vdsm-ovirtmgmt"/></graphics><video><model type="vga" vram="16384" heads="1"/></video>${diskless ? '' : disk}<disk type="file" device="cdrom" snapshot="no"><driver name="qemu" type="raw" error_policy="report"/><source file="" startupPolicy="optional"/><target dev="sdc" bus="sata"/><readonly/><boot order="1"/></disk>${devices}</devices><pm><suspend-to-disk enabled="no"/></pm><os>${os ?? '<type arch="x86_64" machine="pc-q35-rhel8.6.0">hvm</type><smbios mode="sysinfo"/>'}</os><metadata><ovirt-tune:qos/><ovirt-vm:vm><ovirt-vm:clusterVersion>4.7</ovirt-vm:clusterVersion><ovirt-vm:custom/><ovirt-vm:launchPaused>${paused}</ovirt-vm:launchPaused></ovirt-vm:vm></metadata>${top}</domain>`;
}
