import type { Command } from '../network-maker.ts';
import type { Settings } from '../settings.ts';

/** The unit in which a device is brought up. */
export const unitOf = (device: string): string => `ovirt-ifup-${device}.service`;

/** Options of systemd-run(1) for it: it stays, also when ifup fails late (1), since its DHCP client is in it. */
export const unitOptions = (device: string): readonly string[] => [
  ...['--quiet', '--collect', '--no-block', `--unit=${unitOf(device)}`],
  ...['Type=oneshot', 'RemainAfterExit=yes', 'SuccessExitStatus=1', 'IgnoreOnIsolate=yes'].map((one) => `--property=${one}`),
];

export interface DeviceCommands {
  /** Where the client of DHCP that ifupdown has started for a device writes its number. */
  pidOf(device: string): string;
  /**
   * Take devices down. Their addresses stay theirs: no lease is given back.
   * @param gone bridges of them that are to go; others stay, with the machines that are connected to them
   * @param stanzas the file by which they are taken down
   */
  takeDown(devices: readonly string[], gone: readonly string[], stanzas: string): readonly Command[];
  /** Bring devices up, by a file or (null) as always. */
  bringUp(devices: readonly string[], file: string | null): readonly Command[];
}

/** What has devices taken down and brought up by ifupdown. */
export function deviceCommands({ systemctl, systemdRun, ip, ifup, ifdown, dhclient, startStopDaemon }: Settings): DeviceCommands {
  const pidOf = (device: string): string => `/run/dhclient.${device}.pid`;
  return {
    pidOf,
    takeDown: (devices, gone, stanzas) => [
      ...devices.map((device) => [systemctl, 'stop', unitOf(device)]),
      // Told to stop in its own way, dhclient begins to ask for addresses where there is nothing to stop.
      ...devices.map((device) => [startStopDaemon, '--stop', '--oknodo', '--retry=5', `--exec=${dhclient}`, `--pidfile=${pidOf(device)}`]),
      ...devices.map((device) => [ifdown, '--force', '-i', stanzas, device]),
      ...gone.map((name) => [ip, 'link', 'delete', 'dev', name]),
      ...devices
        .filter((device) => !gone.includes(device))
        .flatMap((device) => [
          [ip, 'link', 'set', 'dev', device, 'down'],
          [ip, '-4', 'address', 'flush', 'dev', device],
          [ip, '-6', 'address', 'flush', 'dev', device, 'scope', 'global'],
        ]),
      // By it one tells that an address is from DHCP.
      ['/usr/bin/rm', '--force', '--', ...devices.map(pidOf)],
    ],
    // Each in a unit of its own. By force: where devices could not be taken down in order, ifupdown takes them for being up, and they have no addresses
    // any more.
    bringUp: (devices, file) =>
      devices.map((device) => [
        ...[systemdRun, ...unitOptions(device), '--', ifup, '--force'],
        ...(file === null ? [] : ['-i', file]),
        device,
      ]),
  };
}
