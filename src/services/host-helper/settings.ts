import type { Config } from '../frame/config.ts';
import { isFileSystem, type FileSystemName } from './file-systems.ts';

export interface Settings {
  readonly socket: string;
  /** The account that may ask, and that owns what is mounted. */
  readonly agent: { readonly uid: number; readonly gid: number };
  readonly mountFolder: string;
  readonly fileSystems: readonly FileSystemName[];
  readonly sharedFolders: readonly string[];
  readonly mountSeconds: number;
  readonly systemdMount: string;
  /** Networks that hold after every start of the host, and what was changed since the last one. */
  readonly networkFolder: string;
  readonly networkChangeFolder: string;
  /** Where systemd-networkd keeps leases of DHCP, by the numbers of devices. */
  readonly leaseFolder: string;
  /** What ifupdown reads. */
  readonly interfaces: string;
  /** Where ifupdown keeps what is up, and where leases are that it has clients of DHCP ask for. */
  readonly ifupdownState: string;
  readonly dhclientLeases: string;
  readonly networkctl: string;
  readonly systemctl: string;
  readonly systemdRun: string;
  readonly ip: string;
  readonly ifup: string;
  readonly ifdown: string;
  readonly dhclient: string;
  readonly startStopDaemon: string;
  readonly healthSocket: string | null;
}

const words = (text: string | null): readonly string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');
const isPath = (value: string): string | null => (/^\/[^\0]*[^/\0]$/.test(value) ? null : 'must be a path from the root');

/** Takes what the helper needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): Settings {
  const listed = (key: string, flaw: (word: string) => string | null): readonly string[] =>
    config.optionalText(key) === null
      ? []
      : words(
          config.text(
            key,
            (value) =>
              words(value)
                .map(flaw)
                .find((one) => one !== null) ?? null,
          ),
        );
  return {
    socket: config.text('SOCKET', isPath),
    agent: { uid: config.integer('AGENT_UID', 1, 4_294_967_294), gid: config.integer('AGENT_GID', 1, 4_294_967_294) },
    mountFolder: config.text('MOUNT_FOLDER', isPath),
    fileSystems: listed('FILE_SYSTEMS', (word) => (isFileSystem(word) ? null : `names ${word}, which is not known`)).filter(isFileSystem),
    sharedFolders: listed('SHARED_FOLDERS', isPath),
    mountSeconds: config.integer('MOUNT_TIMEOUT', 1, 3_600),
    systemdMount: config.text('SYSTEMD_MOUNT', isPath),
    networkFolder: config.text('NETWORK_FOLDER', isPath),
    networkChangeFolder: config.text('NETWORK_CHANGE_FOLDER', isPath),
    leaseFolder: config.text('LEASE_FOLDER', isPath),
    interfaces: config.text('INTERFACES', isPath),
    ifupdownState: config.text('IFUPDOWN_STATE', isPath),
    dhclientLeases: config.text('DHCLIENT_LEASES', isPath),
    networkctl: config.text('NETWORKCTL', isPath),
    systemctl: config.text('SYSTEMCTL', isPath),
    systemdRun: config.text('SYSTEMD_RUN', isPath),
    ip: config.text('IP', isPath),
    ifup: config.text('IFUP', isPath),
    ifdown: config.text('IFDOWN', isPath),
    dhclient: config.text('DHCLIENT', isPath),
    startStopDaemon: config.text('START_STOP_DAEMON', isPath),
    healthSocket: config.optionalText('HEALTH_SOCKET'),
  };
}
